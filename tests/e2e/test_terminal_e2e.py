"""What a person sees at 80 columns, what a pipe gets, and what a machine reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.e2e.conftest import Cli
from tests.e2e.shop import SHOP, Shop, ended, plain, small_shop, terminal

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def platform(own_sandbox: tuple[Cli, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Cli, Shop]:
    """A shop whose pods take two seconds, so that there is something to look at."""
    shop = small_shop(tmp_path_factory.mktemp("terminal") / "platform")
    shop.play("ready-after, platformctl.dev/play-after: 2s")
    return own_sandbox[0].at(shop.root), shop


def change(shop: Shop, text: str) -> None:
    """Another value, so that there is something to deploy; a new pod template, so that something is waited for."""
    path = shop.root / SHOP
    path.write_text(re.sub(r'greeting.text: "[^"]*"', f'greeting.text: "{text}"', path.read_text()))
    template = shop.root / "charts/shop/templates/deployment.yaml"
    template.write_text(
        re.sub(
            r"platformctl.dev/play-after: 2s[^}]*",
            f"platformctl.dev/play-after: 2s, text: {text}",
            template.read_text(),
        )
    )


def test_the_board_is_redrawn_in_place_and_only_its_final_lines_stay(platform: tuple[Cli, Shop]) -> None:
    cli, _ = platform
    code, shown = ended(terminal(cli, "deploy", "dev"), 60)
    assert code == 0, shown
    assert "\x1b[?25l" in shown, "the cursor is hidden while the board is drawn"
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l"), "and seen again at the end"
    stays = final(shown)
    assert re.search(r"^ +✓ worker +revision 1 · 1/1 ready", stays, re.MULTILINE)
    assert re.search(r"^ +✓ shop +revision 1 · 1/1 ready", stays, re.MULTILINE)
    assert re.search(r"^ +✓ health +2 of 2 stable for 1s", stays, re.MULTILINE)
    assert "●" not in stays, "nothing is left that seems to go on"
    assert stays.rstrip().splitlines()[-1].startswith("  Deploy of dev is done: 2 changed and healthy")
    assert [line for line in stays.splitlines() if cell_len(line) > 80] == []
    assert re.search("● shop .* of 2m", plain(shown)), "it counted while it waited"


def test_the_name_of_production_is_asked_for_and_the_board_begins_after_it(
    platform: tuple[Cli, Shop],
) -> None:
    cli, _ = platform
    child = terminal(cli, "deploy", "live")
    child.expect_exact("Type live to go on: ")
    assert "\x1b[?25l" not in str(child.before), "nothing is drawn while it is asked"
    child.sendline("live")
    code, shown = ended(child, 60)
    assert code == 0, shown
    assert (
        final(shown).rstrip().splitlines()[-1].startswith("  Deploy of live is done: 2 changed and healthy")
    )


def test_with_stdout_in_a_file_the_board_stays_on_the_terminal(
    platform: tuple[Cli, Shop], tmp_path: Path
) -> None:
    cli, shop = platform
    change(shop, "one")
    out = tmp_path / "out"
    code, shown = ended(terminal(cli, "deploy", "dev", out=out), 60)
    assert code == 0
    assert "\x1b[?25l" in shown
    assert re.fullmatch(
        r"  Deploy of dev is done: 1 changed and healthy, 1 left as they were.   [0-9.]+s\n", out.read_text()
    )


def test_with_json_the_terminal_has_the_board_and_the_file_the_envelope(
    platform: tuple[Cli, Shop], tmp_path: Path
) -> None:
    cli, shop = platform
    change(shop, "two")
    out = tmp_path / "out"
    code, _ = ended(terminal(cli, "deploy", "dev", "-o", "json", out=out), 60)
    assert code == 0
    assert json.loads(out.read_text())["status"] == "success"


def test_piped_there_are_plain_lines_one_per_event(platform: tuple[Cli, Shop]) -> None:
    cli, shop = platform
    change(shop, "three")
    ran = cli("deploy", "dev").ok()
    assert "\x1b" not in ran.out + ran.err
    assert "\r" not in ran.out + ran.err
    lines = ran.err.splitlines()
    announced = lines.index("dev: upgrade shop-dev …")
    assert lines[announced + 1].startswith("dev: upgrade shop-dev: ok, revision 4")
    assert "│" not in ran.err
    assert ran.out.count("\n") == 1


def test_a_dumb_terminal_gets_plain_lines_and_no_color_no_colors(platform: tuple[Cli, Shop]) -> None:
    cli, shop = platform
    change(shop, "four")
    code, shown = ended(terminal(cli, "deploy", "dev", TERM="dumb"), 60)
    assert (code, "\x1b" in shown, "dev: upgrade shop-dev: ok" in shown) == (0, False, True)
    code, shown = ended(terminal(cli, "plan", "dev", NO_COLOR="1"), 60)
    assert (code, "\x1b[3" in shown) == (0, False)


def test_json_lines_stream_every_event_and_end_with_the_envelope(platform: tuple[Cli, Shop]) -> None:
    cli, shop = platform
    change(shop, "five")
    ran = cli("deploy", "dev", "-o", "jsonl").ok()
    lines = [json.loads(line) for line in ran.out.splitlines()]
    events, last = lines[:-1], lines[-1]
    assert [event["event"] for event in events][:2] == ["run-started", "phase-started"]
    assert events[-1]["event"] == "run-finished"
    assert all(event["at"] for event in events)
    started = {event["step"] for event in events if event["event"] == "step-started"}
    finished = {event["step"] for event in events if event["event"] == "step-finished"}
    assert started == finished >= {"apply:shop", "ready:shop"}
    assert (last["kind"], last["status"], last["exitCode"]) == ("Run", "success", 0)


def test_quiet_says_only_what_came_of_it(platform: tuple[Cli, Shop]) -> None:
    cli, shop = platform
    change(shop, "six")
    ran = cli("deploy", "dev", "-q").ok()
    assert ran.out.startswith("  Deploy of dev is done")
    assert "dev: " not in ran.err


def final(shown: str) -> str:
    """What stands on the screen at the end: a terminal in small, for what Rich writes (up, erase line, carriage return)."""
    rows, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", shown):
        if part == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif part.endswith("A") and part.startswith("\x1b["):
            row -= int(part[2:-1] or 1)
        elif part == "\x1b[2K":
            rows[row] = ""
        elif not part.startswith("\x1b") and part != "\r":
            rows[row] += part
    return "\n".join(rows)

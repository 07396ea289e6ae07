# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence

from labctl import faults, hosts, images, state
from labctl.errors import LabError
from labctl.layout import HOSTS, Lab, lab_from_environment
from labctl.up import up


def say(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__, epilog="LAB_NAME names the lab (default waba-lab); several can live side by side.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("up", help="build and start whatever is not there yet")
    command.add_argument("--bare", action="store_true", help="only hosts and database servers, without clients")
    command.set_defaults(run=command_up)

    command = commands.add_parser("down", help="remove the lab: containers, networks, volumes, keys and secrets")
    command.add_argument("--images", action="store_true", help="the cached images too")
    command.set_defaults(run=command_down)

    command = commands.add_parser("fault", help="do deliberate damage, or undo it")
    kinds = command.add_subparsers(dest="fault", required=True, metavar="FAULT")
    cut = kinds.add_parser("cut-link", help="drop a host's packets")
    cut.add_argument("host", choices=HOSTS)
    cut.add_argument("--peer", choices=faults.CUT_PEERS, help="only those to and from this one (default: all)")
    cut.set_defaults(run=command_cut_link)
    for name, (_, allowed, summary) in faults.FAULTS.items():
        kind = kinds.add_parser(name, help=summary)
        kind.add_argument("host", choices=allowed)
        kind.set_defaults(run=command_fault)

    command = commands.add_parser("exec", help="run a command on a host")
    command.add_argument("host", choices=HOSTS)
    command.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    command.set_defaults(run=command_exec)
    return parser


def command_up(lab: Lab, options: argparse.Namespace) -> int:
    started = time.monotonic()
    with state.locked(lab):
        up(lab, options.bare, say)
    say(f"the lab {lab.name} is up after {time.monotonic() - started:.0f} s")
    return 0


def command_down(lab: Lab, options: argparse.Namespace) -> int:
    with state.locked(lab):
        removed = hosts.remove_everything(lab)
        state.forget(lab)
    if options.images:
        removed += images.remove_images()
    print(f"Removed: {', '.join(removed)}." if removed else f"There is nothing left of the lab {lab.name}.")
    return 0


def command_cut_link(lab: Lab, options: argparse.Namespace) -> int:
    print(faults.cut_link(lab, state.load(lab.directory / "state.json"), options.host, options.peer))
    return 0


def command_fault(lab: Lab, options: argparse.Namespace) -> int:
    fault, _, _ = faults.FAULTS[options.fault]
    print(fault(lab, state.load(lab.directory / "state.json"), options.host))
    return 0


def command_exec(lab: Lab, options: argparse.Namespace) -> int:
    hosts.require_running(lab, options.host)
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    terminal = ["-it"] if sys.stdin.isatty() and sys.stdout.isatty() else ["-i"]
    return subprocess.run(["docker", "exec", *terminal, lab.container(options.host), *(argv or ["bash"])], check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.run(lab_from_environment(), options)
    except (LabError, ValueError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lab: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return code

# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: two Docker hosts, two database servers and a WhatsApp network, to move a client between."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence

from labctl import evidence, faults, hosts, images, inventory, onboarding, process, state, status, truth
from labctl import session as sessions
from labctl.errors import LabError
from labctl.layout import ACME, BETA, ENGINES, HOSTS, NUMBERS, Lab, Number, Topology, lab_from_environment
from labctl.reset import reset
from labctl.screen import Paint
from labctl.up import Wishes, up

FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
Command = Callable[[Lab, argparse.Namespace], int]


def tell(text: str) -> None:
    """The answer of a command."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> None:
    # One write a line: several hosts and clients are at work at the same time.
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def say(text: str) -> None:
    """How far a long command has come."""
    complain(f"  {time.strftime('%H:%M:%S')}  {text}")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab",
        description=__doc__,
        epilog="LAB_NAME in the environment names the lab (default waba-lab); several can live side by side.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=run)
        return added

    for name, run, summary in (
        ("up", command_up, "build and start whatever is not there yet"),
        ("reset", command_reset, "back to the pristine old side with an empty new side"),
    ):
        added = command(name, run, summary)
        added.add_argument(
            "--topology",
            choices=("single", "multiconnect"),
            help="how number A's client is built (default: as it is, at first single)",
        )
        added.add_argument(
            "--shards", type=int, choices=(1, 2, 4, 8), help="shards of a multiconnect client (default 1)"
        )
        added.add_argument(
            "--messages", type=positive, metavar="N", help="messages on number A (default: as it is, at first 20000)"
        )
        added.add_argument(
            "--engine",
            choices=list(ENGINES),
            help="what db-old and db-new run (default: as it is, at first postgresql)",
        )
        added.add_argument("--images-on-new", action="store_true", help="the new host has the client's images already")
        if name == "up":
            added.add_argument("--bare", action="store_true", help="only hosts and database servers, without clients")

    command("down", command_down, "remove the lab: containers, networks, volumes, keys, secrets").add_argument(
        "--images", action="store_true", help="the cached images too"
    )
    command("status", command_status, "show who is connected, containers, databases, traffic and the ledger")
    added = command("seed", command_seed, "write more messages into a client's history")
    added.add_argument("count", type=positive, metavar="N")
    added.add_argument(
        "--number", choices=[number.key for number in NUMBERS], default=ACME.key, help="whose (default acme)"
    )
    added = command("traffic", command_traffic, "let messages flow in both directions, or end it")
    added.add_argument("action", choices=("start", "stop"))
    added.add_argument(
        "--new-platform", action="store_true", help="number A's sender has another password on the new host"
    )
    added = command("ledger", command_ledger, "tell whether every message arrived once; exit status 1 when not")
    added.add_argument(
        "--number", choices=[number.key for number in NUMBERS], default=ACME.key, help="whose (default acme)"
    )
    added.add_argument("--json", action="store_true", help="the whole document")
    added.add_argument(
        "--identity-changes", type=int, default=0, metavar="N", help="security codes that were to change (default 0)"
    )
    added.add_argument(
        "--settle", type=int, default=0, metavar="S", help="wait up to S seconds until nothing is pending"
    )
    command("truth", command_truth, "everything that a test needs to judge a migration").add_argument(
        "--json", action="store_true", help="accepted for clarity; it always is JSON"
    )

    kinds = command("fault", command_fault, "do deliberate damage, or undo it").add_subparsers(
        dest="fault", required=True, metavar="FAULT"
    )
    cut = kinds.add_parser("cut-link", help="drop a host's packets")
    cut.add_argument("host", choices=HOSTS)
    cut.add_argument("--peer", choices=faults.CUT_PEERS, help="only those from and to this one (default: all)")
    for name, (_, allowed, summary) in faults.FAULTS.items():
        kinds.add_parser(name, help=summary).add_argument("host", choices=allowed)

    added = command("exec", command_exec, "run a command on a host")
    added.add_argument("host", choices=HOSTS)
    added.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return parser


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def chosen_number(options: argparse.Namespace) -> Number:
    return next(number for number in NUMBERS if number.key == options.number)


def wishes(options: argparse.Namespace) -> Wishes:
    return Wishes(
        options.topology,
        options.shards,
        options.messages,
        getattr(options, "bare", False),
        options.images_on_new,
        options.engine,
    )


def command_up(lab: Lab, options: argparse.Namespace) -> int:
    started = time.monotonic()
    with state.locked(lab):
        up(lab, wishes(options), say)
    say(f"the lab {lab.name} is up after {time.monotonic() - started:.0f} s")
    for line in inventory.describe(lab, sessions.remembered_engine(lab)):
        say(f"inventory of {line}")
    return 0


def command_reset(lab: Lab, options: argparse.Namespace) -> int:
    started = time.monotonic()
    with state.locked(lab):
        reset(sessions.existing(lab), wishes(options), say)
    say(f"the lab {lab.name} is as it was set up, after {time.monotonic() - started:.0f} s")
    return 0


def command_down(lab: Lab, options: argparse.Namespace) -> int:
    with state.locked(lab):
        removed = hosts.remove_everything(lab)
        state.forget(lab)
    if options.images:
        removed += images.remove_images()
    tell(f"Removed: {', '.join(removed)}." if removed else f"There is nothing left of the lab {lab.name}.")
    return 0


def command_status(lab: Lab, options: argparse.Namespace) -> int:
    session = sessions.existing(lab)
    tell(status.render(status.gather(session), Paint(sys.stdout.isatty())))
    return 0


def command_seed(lab: Lab, options: argparse.Namespace) -> int:
    session = sessions.existing(lab)
    number = chosen_number(options)
    topology = Topology() if number is BETA else session.state.built
    tell(onboarding.seed(lab, number, topology, options.count, source=time.time_ns()))
    return 0


def command_traffic(lab: Lab, options: argparse.Namespace) -> int:
    session = sessions.existing(lab)
    if options.action == "start":
        evidence.start_traffic(session, options.new_platform)
        tell("Messages flow in both directions until `lab traffic stop`.")
    else:
        evidence.stop_traffic(lab)
        tell("The traffic has ended.")
    return 0


def command_ledger(lab: Lab, options: argparse.Namespace) -> int:
    document = evidence.ledger(lab, chosen_number(options), options.settle, options.identity_changes)
    tell(json.dumps(document, indent=2) if options.json else evidence.sentence(document))
    return 0 if document["balanced"] else FAILED


def command_truth(lab: Lab, options: argparse.Namespace) -> int:
    tell(json.dumps(truth.gather(lab, sessions.existing(lab).state), indent=2))
    return 0


def command_fault(lab: Lab, options: argparse.Namespace) -> int:
    session = sessions.existing(lab)
    if options.fault == "cut-link":
        done = faults.cut_link(lab, session.state, options.host, options.peer)
    else:
        fault, _, _ = faults.FAULTS[options.fault]
        done = fault(lab, session.state, options.host)
    session.save()
    tell(done)
    return 0


def command_exec(lab: Lab, options: argparse.Namespace) -> int:
    hosts.require_running(lab, options.host)
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    terminal = ["-it"] if sys.stdin.isatty() and sys.stdout.isatty() else ["-i"]
    return process.attach(["docker", "exec", *terminal, lab.container(options.host), *(argv or ["bash"])])


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    run: Command = options.run
    try:
        return run(lab_from_environment(), options)
    except (LabError, ValueError) as error:
        complain(f"lab: {error}")
        return UNUSABLE
    except KeyboardInterrupt:
        complain("lab: interrupted; the same command goes on from here")
        return INTERRUPTED

# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the journal, in the process of the playbook: a module would take longer to start than to write it down."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file
from ansible_collections.waba.migration.plugins.module_utils._journal import (
    NO_CHANGE,
    STATUSES,
    VERDICTS,
    Change,
    Document,
    JournalError,
    apply_change,
    check_same_run,
    done_phases,
    empty_document,
    has_only_looked,
    is_finished,
    make_run_id,
    new_document,
    note_takeover,
    parse,
    reopen,
    serialise,
)
from ansible_collections.waba.migration.plugins.module_utils._lock import (
    LockError,
    LockFile,
    Owner,
    check_free,
    describe_owner,
    guarded,
    read_owner,
)

ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["open", "present", "closed"], "default": "present"},
        "option": {"type": "str"},
        "number": {"type": "str"},
        "phase": {"type": "str"},
        "status": {"type": "str", "choices": list(STATUSES)},
        "facts": {"type": "dict"},
        "intent": {"type": "str"},
        "event": {"type": "str"},
        "verdict": {"type": "str", "choices": list(VERDICTS)},
    },
    "required_if": [("state", "open", ["option"])],
    "required_by": {"status": ["phase"]},
}
CHANGE_OPTIONS = ("phase", "status", "facts", "intent", "event", "verdict")


def find_playbook() -> Owner:
    """Return the process that runs the playbook. A task runs in a worker, a child of it that ends with the task."""
    parent = multiprocessing.parent_process()
    return describe_owner(parent.pid if parent and parent.pid else os.getpid())


@dataclass(frozen=True)
class Outcome:
    """The journal before and after this task; before is None when there was none."""

    before: Document | None
    after: Document

    @property
    def changed(self) -> bool:
        return self.after != (self.before or empty_document())


class Keeper:
    """Reads the journal, plans what it has to say next, and writes that down under the lock."""

    def __init__(self, params: dict[str, Any], check_mode: bool, now: datetime) -> None:
        self.path: str = params["path"]
        self.lock_path = self.path + ".lock"
        self.state: str = params["state"]
        self.option: str | None = params["option"]
        self.number: str | None = params["number"] or None
        self.change = Change(
            number=self.number,
            close=self.state == "closed",
            **{name: params[name] or None for name in CHANGE_OPTIONS},
        )
        self.check_mode = check_mode
        self.now = now

    def run(self) -> Outcome:
        before = self._read()
        if self._only_reads(before):
            return Outcome(before, before or empty_document())
        if before is None and self.state != "open" and not self.check_mode:
            raise JournalError(f"There is no journal {self.path} to write into. Open it first, with state=open.")
        if self.check_mode:
            owner = read_owner(self.lock_path)
            me = find_playbook()
            return self._plan(before, owner == me, check_free(owner, me, self.lock_path))
        with guarded(self.lock_path) as lock:
            return self._write_under(lock)

    def _read(self) -> Document | None:
        try:
            return parse(Path(self.path).read_text(encoding="utf-8"), self.path)
        except FileNotFoundError:
            return None

    def _only_reads(self, before: Document | None) -> bool:
        if self.state == "present":
            return self.change == NO_CHANGE
        if self.state == "open" and before is not None:
            self._check_same_run(before)
            return is_finished(before)
        return False

    def _write_under(self, lock: LockFile) -> Outcome:
        me = find_playbook()
        owner = lock.owner()
        dead = check_free(owner, me, self.lock_path)
        # What was read before the lock was had may be old by now.
        outcome = self._plan(self._read(), owner == me, dead)
        if outcome.changed:
            lock.take(me)
            write_private_file(self.path, serialise(outcome.after))
        if self.state == "closed" and (outcome.changed or owner == me):
            lock.release()
        return outcome

    def _plan(self, before: Document | None, mine: bool, dead: Owner | None) -> Outcome:
        after = self._plan_open(before, mine) if self.state == "open" else self._plan_change(before)
        outcome = Outcome(before, after)
        if outcome.changed and dead is not None:
            return Outcome(before, note_takeover(after, str(dead), self.now))
        return outcome

    def _plan_open(self, before: Document | None, mine: bool) -> Document:
        if before is None:
            return self._new()
        self._check_same_run(before)
        if before["option"] != self.option:
            return self._new()
        opened_by_this_playbook = mine and before["verdict"] is None
        return before if opened_by_this_playbook else reopen(before, self.number, self.now)

    def _check_same_run(self, before: Document) -> None:
        option = None if has_only_looked(before) else self.option
        check_same_run(before, option, self.number, self.path)

    def _plan_change(self, before: Document | None) -> Document:
        # Only in check mode there may be none here: the task that opens it has not written it.
        document = before or self._new()
        check_same_run(document, self.option, self.number, self.path)
        return apply_change(document, self.change, self.now)

    def _new(self) -> Document:
        option = self.option or "unknown"
        return new_document(make_run_id(option, secrets.token_hex(2), self.now), option, self.number, self.now)


class ActionModule(ActionBase):  # type: ignore[misc] # ansible is not typed
    """The task."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(**ARGUMENTS)
        # What Ansible knows of a value, such as where it was written, does not belong into the file.
        params = json.loads(json.dumps(arguments))
        unusable = [name for name in CHANGE_OPTIONS if params["state"] == "open" and params[name]]
        if unusable:
            raise AnsibleActionFail(f"With state=open these cannot be given: {', '.join(unusable)}.")
        keeper = Keeper(params, self._task.check_mode, datetime.now(timezone.utc))
        try:
            outcome = keeper.run()
        except (JournalError, LockError) as error:
            raise AnsibleActionFail(str(error)) from error
        except OSError as error:
            raise AnsibleActionFail(
                f"The journal {keeper.path} or its lock file cannot be read or written: {error}."
            ) from error
        return result_of(outcome, keeper.state, self._task.diff)


def result_of(outcome: Outcome, state: str, diff: bool) -> dict[str, Any]:
    document, before = outcome.after, outcome.before
    goes_on = before is not None and not is_finished(before) and before["run_id"] == document["run_id"]
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "journal": document,
        "finished": is_finished(document),
        "resumed": state == "open" and goes_on,
        "done": done_phases(document),
        "intents": document["intents"],
    }
    if diff:
        after = serialise(document).decode("utf-8") if outcome.changed or before else ""
        result["diff"] = {"before": serialise(before).decode("utf-8") if before else "", "after": after}
    return result

#!/usr/bin/python
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_keypair_binding
short_description: Bind SSH key pairs to accounts on hosts
version_added: 0.1.0
description:
  - Lets the holder of a registered key pair log on to an account of a host, and makes sure that it works. The public key goes into the
    account's C(authorized_keys), the action then logs on with the private key alone, and the binding is registered.
  - An account of a host is bound to at most one key pair per region. Binding another one replaces it.
  - A binding is registered before the host is touched, so no access is ever granted that the registry does not know of. If the login
    fails, the lines that were there are put back and the task fails.
  - The registry is read and written on the controller, the file is edited on the host. Lines that other tools or people put there stay as
    they are, byte by byte.
author:
  - The keywright.ssh authors (@keywright)
extends_documentation_fragment:
  - keywright.ssh.attributes
  - keywright.ssh.registry
  - keywright.ssh.registry.region
attributes:
  action:
    description: Has a corresponding action plugin, so that some of its parts run on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  become:
    description: Is usable alongside C(become) keywords.
    support: full
    details:
      - Needed for an account that is not the connection's own.
  check_mode:
    support: full
    details:
      - It predicts what is edited. It does not log on, so RV(binding.verified) is false.
  delegation:
    description: Can be used in conjunction with delegate_to and related keywords.
    support: full
  diff_mode:
    support: full
  platform:
    description: Target OS or family that can be operated against.
    support: full
    platforms: posix
options:
  name:
    description:
      - The name of the key pair.
    type: str
    required: true
  user:
    description:
      - The account on the host.
      - If it is left out, it is the account that the connection logs on to.
    type: str
  state:
    description:
      - V(present) lets the key pair log on. V(absent) takes its line away and forgets the binding.
      - If it is left out, the key pair is to be bound.
    type: str
    choices: [present, absent]
    default: present
  verify:
    description:
      - Whether to log on from the controller, as O(user), with the private key and nothing else.
      - It is not possible, and a warning says so, if the private key is not on this controller, or is encrypted and O(passphrase) is not
        given.
      - If it is left out, the login is verified.
    type: bool
    default: true
  exclusive:
    description:
      - Whether to remove the lines of all other keys.
      - If it is left out, other lines stay.
    type: bool
    default: false
  path:
    description:
      - The file on the host that lists the keys. A relative path is relative to the account's home. Its directory must exist.
      - The file is registered with the binding. With O(state=absent) it is not needed again, and another one is refused.
      - If it is left out, it is C(.ssh/authorized_keys), and the directory is made if it is missing.
    type: str
  passphrase:
    description:
      - Opens the private key file for the login. The key is handed to an agent of the action's own, and to nothing else.
      - If it is left out, only a private key file that is not encrypted can be used.
    type: str
  registry_only:
    description:
      - With O(state=absent), forget the binding without connecting to the host, for a host that is gone.
      - If it is left out, the host is connected to.
    type: bool
    default: false
  lock_timeout:
    description:
      - How many seconds to wait for the registry's lock. V(0) means not to wait.
      - If it is left out, a run waits for a minute.
    type: int
    default: 60
  _edit:
    description:
      - What the action plugin tells the part of the module that runs on the host. It is not for tasks, and the action refuses it there.
      - If it is left out, the module was run without its action plugin, and fails.
    type: dict
seealso:
  - module: keywright.ssh.ssh_keypair
  - module: ansible.posix.authorized_key
"""

EXAMPLES = r"""
- name: Let the key pair log on to the account that Ansible uses
  keywright.ssh.ssh_keypair_binding:
    name: ops
    region: eu-1

- name: Let it log on to another account
  keywright.ssh.ssh_keypair_binding:
    name: ops
    region: eu-1
    user: deploy
  become: true

- name: Take the access away again
  keywright.ssh.ssh_keypair_binding:
    name: ops
    region: eu-1
    user: deploy
    state: absent
  become: true
"""

RETURN = r"""
binding:
  description: The binding, null with O(state=absent).
  returned: success
  type: dict
  contains:
    host:
      description: The host, by the name that the inventory has for it.
      type: str
      returned: success
      sample: web1
    user:
      description: The account.
      type: str
      returned: success
      sample: deploy
    key_pair:
      description: The name of the key pair.
      type: str
      returned: success
      sample: ops
    fingerprint:
      description: The fingerprint of the key that is bound.
      type: str
      returned: success
      sample: SHA256:vaXG66H2Cgm6aJOtbhn6O0saUP1aF9nxpwGiBCRmXQE
    replaced:
      description: The name of the key pair that was bound before, null if there was none.
      type: str
      returned: success
      sample: old-ops
    verified:
      description: Whether a login with the key pair was seen to work in this run.
      type: bool
      returned: success
      sample: true
error_code:
  description: A stable code for the reason of a failure, as in RV(keywright.ssh.ssh_keypair#module:error_code).
  returned: failure
  type: str
  sample: Binding.LoginFailed
"""

import contextlib
import errno
import fcntl
import os
import pwd
import stat
import time
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._boundary.quiet_module import HostModule
from ansible_collections.keywright.ssh.plugins.module_utils._rules.authorized_keys import new_content, outcome

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "registry": {"type": "path", "default": "~/.ansible/keywright/registry"},
    "user": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "verify": {"type": "bool", "default": True},
    "exclusive": {"type": "bool", "default": False},
    "path": {"type": "str"},
    "passphrase": {"type": "str", "no_log": True},
    "registry_only": {"type": "bool", "default": False},
    "lock_timeout": {"type": "int", "default": 60},
    "_edit": {"type": "dict"},
}

MAX_BYTES = 1024 * 1024
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
LOCK_SECONDS = 60
TEMPORARY = ".authorized_keys.keywright"
NOT_KNOWN = "Binding.EditFailed"


class EditError(Exception):
    """The file must not, or cannot, be edited; with any ``code`` but :data:`NOT_KNOWN` it is as it was."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Place(NamedTuple):
    """The open directory of the file, the file's name in it, its path for messages, and the account."""

    folder: int
    name: str
    path: str
    account: pwd.struct_passwd
    own: bool


def locate(user: str, path: str | None) -> tuple[pwd.struct_passwd, str, bool]:
    """Return the account, the absolute path of the file, and whether that is the usual one."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise EditError("Binding.AccountNotFound", f"There is no account '{user}' on the host.") from None
    usual = os.path.join(account.pw_dir, ".ssh/authorized_keys")
    wanted = os.path.join(account.pw_dir, path or usual)
    if ".." in wanted.split("/"):
        raise EditError("Binding.Unsafe", f"The path '{wanted}' leads elsewhere by '..'; state where the file is.")
    return account, os.path.normpath(wanted), os.path.normpath(wanted) == os.path.normpath(usual)


def open_place(account: pwd.struct_passwd, wanted: str, own: bool) -> Place:
    """Open the directory that the account's file is in, without following a symbolic link at its end."""
    folder_path, name = os.path.split(wanted)
    try:
        folder, is_led = open_own_folder(account) if own else (os.open(folder_path, FOLDER), True)
    except OSError as error:
        raise not_opened(f"The directory '{folder_path}' cannot be opened", error, os.path.islink(folder_path)) from None
    status = os.fstat(folder)
    redirected = is_led and status.st_uid == 0 != account.pw_uid and not is_roots_alone(folder_path)
    if redirected or status.st_uid not in (0, account.pw_uid) or status.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
        os.close(folder)
        raise EditError("Binding.Unsafe", f"The directory '{folder_path}' could be changed by others than root and '{account.pw_name}'.")
    return Place(folder, name, wanted, account, own)


def not_opened(what: str, error: OSError, is_link: bool) -> EditError:
    """Return the failure to raise; of a symbolic link the system's words speak of loops, or of no directory."""
    reason = "it is a symbolic link" if is_link else error.strerror
    return EditError("Binding.Unsafe" if is_link else "Binding.Unwritable", f"{what}: {reason}.")


def open_own_folder(account: pwd.struct_passwd) -> tuple[int, bool]:
    """Open the usual directory, which is made if it is missing; tell whether the way to it may have been led elsewhere."""
    home = os.open(account.pw_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(".ssh", 0o700, dir_fd=home)
        return os.open(".ssh", FOLDER, dir_fd=home), os.fstat(home).st_uid != account.pw_uid
    finally:
        os.close(home)


def is_roots_alone(path: str) -> bool:
    """Tell whether nobody but root has a say in where a path leads, so that an account cannot lead it into a folder of root's."""
    return all(os.lstat(each).st_uid == 0 for way in (Path(path), Path(path).resolve()) for each in (way, *way.parents))


def read(place: Place) -> tuple[bytes | None, tuple[int, int, int]]:
    """Return what is in the file, None if there is none; one that is not the account's own, or that it may not read, is refused."""
    try:
        descriptor = os.open(place.name, READ, dir_fd=place.folder)
    except FileNotFoundError:
        return None, (0o600, place.account.pw_uid, place.account.pw_gid)
    except OSError as error:
        raise not_opened(f"The file '{place.path}' is left alone", error, error.errno == errno.ELOOP) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        roots = status.st_uid == 0 and status.st_mode & stat.S_IROTH and status.st_nlink == 1  # what the account may read anyway
        if not stat.S_ISREG(status.st_mode) or not (status.st_uid == place.account.pw_uid or roots):
            raise EditError("Binding.Unsafe", f"The file '{place.path}' is left alone: it is not a regular file of the account.")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise EditError("Binding.Unsafe", f"The file '{place.path}' is left alone: it is larger than {MAX_BYTES} bytes.")
    return content, (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def belong(descriptor: int, mode: int, owner: int, group: int) -> None:
    """Give a file or directory to an account, which only root can do, and set its mode."""
    if os.geteuid() == 0:
        os.fchown(descriptor, owner, group)
    os.fchmod(descriptor, mode)


def write(place: Place, status: tuple[int, int, int], content: bytes) -> None:
    """Replace the file by one with this content, mode, owner and group, so that it is old or new at every instant."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(TEMPORARY, dir_fd=place.folder)  # left by a run that was killed; nobody else writes while we hold the lock
    descriptor = os.open(TEMPORARY, CREATE, 0o600, dir_fd=place.folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            belong(descriptor, *status)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            written = os.fstat(descriptor)
        os.rename(TEMPORARY, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
        check_name(place, written)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(TEMPORARY, dir_fd=place.folder)
        raise


def check_name(place: Place, written: os.stat_result | None) -> None:
    """See that the file's name leads to what was written, None for nothing: a file system may say so, and lie."""
    entry = None
    try:
        with contextlib.suppress(FileNotFoundError):
            entry = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except OSError as error:
        raise EditError(NOT_KNOWN, f"The file '{place.path}' was edited and cannot be looked at: {error.strerror}.") from None
    if not (entry is written or (entry is not None and written is not None and os.path.samestat(entry, written))):
        raise EditError(NOT_KNOWN, f"The file system says that the file '{place.path}' was edited, and it is not what was written.")


def apply(edit: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Edit the file under a lock on its directory; return what was changed, what undoes it, and the path if it is not the usual one.

    With ``only_look`` it is not edited either. If nothing is to be edited, that may be so because of a run that was killed
    before it flushed what it did, so that is flushed.
    """
    only_look = check_mode or bool(edit.get("only_look"))
    account, wanted, own = locate(edit["user"], edit.get("path"))
    if own and (only_look or edit.get("grant") is None) and not os.path.lexists(os.path.dirname(wanted)):
        foreseen = new_content(edit, b"")
        return {**outcome(None, foreseen, bool(foreseen)), "path": None}
    place = open_place(account, wanted, own)
    try:
        if not only_look:
            lock(place)
            flush_new_folder(place)
        done = edit_there(place, edit, only_look)
        if not (check_mode or (only_look and done["changed"])):
            flush(place)
        return {**done, "path": None if own else wanted}
    except OSError as error:
        raise EditError("Binding.Unwritable", f"The file '{place.path}' cannot be edited: {error.strerror}.") from None
    finally:
        os.close(place.folder)


def lock(place: Place) -> None:
    """Keep other runs out of the directory, but do not wait without end: who owns the account can hold the lock, too."""
    for _attempt in range(LOCK_SECONDS * 50):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(place.folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.02)
    raise EditError("Binding.Unwritable", f"The directory of '{place.path}' was locked by another process for {LOCK_SECONDS} seconds.")


def edit_there(place: Place, edit: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Edit the file of a place that nobody else edits meanwhile."""
    old, found = read(place)
    content = new_content(edit, old or b"")
    folder = os.fstat(place.folder)  # sshd wants it to be the account's own, and nobody else is to look into it
    mends = place.own and (edit.get("grant") is not None or content != old)  # who has nothing to take away leaves modes alone
    loose = mends and (folder.st_mode & 0o077 != 0 or folder.st_uid != place.account.pw_uid)
    status = (0o600, place.account.pw_uid, place.account.pw_gid) if mends else found
    changed = content != old or loose or found[:2] != status[:2]  # at 0600 the group has no say
    if content == b"" and old is None:
        content, changed = None, loose
    if loose and folder.st_uid == 0 != place.account.pw_uid and set(os.listdir(place.folder)) - {place.name, TEMPORARY}:
        raise EditError(
            "Binding.Unsafe", f"The directory of '{place.path}' is root's and holds other files, which would become the account's."
        )
    if changed and not check_mode:
        if loose:
            belong(place.folder, 0o700, place.account.pw_uid, place.account.pw_gid)
        if content is not None:
            write(place, status, content)
        elif old is not None:
            os.unlink(place.name, dir_fd=place.folder)
            check_name(place, None)
    return outcome(old, content, changed)


def flush_new_folder(place: Place) -> None:
    """Flush the name of the usual directory to the disk if nothing is in it: this run has made it, or one that was killed."""
    if place.own and set(os.listdir(place.folder)) <= {TEMPORARY}:
        home = os.open(place.account.pw_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(home)
        finally:
            os.close(home)


def flush(place: Place) -> None:
    """Flush the file's name, which may have been changed, to the disk."""
    try:
        os.fsync(place.folder)
    except OSError as error:
        raise EditError(NOT_KNOWN, f"The file '{place.path}' cannot be flushed to the disk: {error.strerror}.") from None


def main() -> None:
    """Edit the file on the host, as the action asks; everything else is the action's. The result does not repeat the arguments."""
    module = HostModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    edit = module.params["_edit"]
    if edit is None:
        module.fail_json(msg="This module has a part on the controller, its action plugin, and does not work without it.")
    try:
        result = apply(edit, module.check_mode)
    except EditError as error:
        result = {"failed": True, "msg": str(error), "error_code": error.code}
    module.exit_json(**result)


if __name__ == "__main__":
    main()

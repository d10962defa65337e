# SPDX-License-Identifier: ISC
"""Namespaces for a test: network and mounts. Everything in them ends with the process that made them."""
import ctypes
import os
import shutil
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)} (the system tests need root)")


def run(*arguments):
    """Run a command that must succeed; returns its output."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def isolate():
    """Move this process, and all that it starts, into a network and a mount namespace of its own, with loopback up."""
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    run("mount", "--make-rprivate", "/")
    run("ip", "link", "set", "lo", "up")


def add_address(address, device="lo"):
    run("ip", "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))


def remove_address(address, device="lo"):
    run("ip", "address", "del", address, "dev", device)


def private_folder(path, work):
    """Make `path` a private, writable copy of itself: changes stay in this mount namespace."""
    copy = os.path.join(work, "private" + path.replace("/", "_"))
    if os.path.isdir(path):
        shutil.copytree(path, copy, symlinks=True, ignore_dangling_symlinks=True)
    else:
        raise RuntimeError(f"{path} is not a folder")
    run("mount", "--bind", copy, path)


def empty_folder(path):
    """Mount an empty directory over `path`."""
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path)


def unmount(path):
    run("umount", "-l", path)


class Neighbour:
    """Another host: a network namespace at the other end of a veth pair. `inside()` is a context to make sockets in."""

    def __init__(self, name, here, there):
        self.device = name
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "-n", "sh", "-c", "echo up; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(self.holder.pid))
        run("ip", "address", "add", here, "dev", name)
        run("ip", "link", "set", name, "up")
        for words in (["link", "set", "lo", "up"], ["address", "add", there, "dev", "eth0"],
                      ["link", "set", "eth0", "up"], ["route", "add", "default", "via", here.split("/")[0]]):
            run(*self.command("ip", *words))

    def command(self, *arguments):
        return ["nsenter", "-t", str(self.holder.pid), "-n", *arguments]

    def inside(self):
        return _Inside(f"/proc/{self.holder.pid}/ns/net")

    def close(self):
        run("ip", "link", "del", self.device)	# the other namespace ends a little later, and the name may be used again
        self.holder.stdin.close()
        self.holder.wait(5)
        self.holder.stdout.close()


class _Inside:
    """This thread is in another network namespace for the length of a `with`."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.setns(there, CLONE_NEWNET), "setns")
        finally:
            os.close(there)

    def __exit__(self, *_):
        _check(_libc.setns(self.home, CLONE_NEWNET), "setns")
        os.close(self.home)

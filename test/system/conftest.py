# SPDX-License-Identifier: ISC
"""
The fixtures of the system tests. Before anything else the test process moves into a network and a mount namespace of its own: ports,
addresses and /etc/resolv.conf are private, files run in parallel, and nothing is left behind.
"""
import os
import pathlib
import tempfile

import pytest

from support import namespace
from support.ailing import Ailing
from support.servers import Consul, Named
from support.split53 import Split53, free_port
from support.upstream import FakeUpstream

namespace.isolate()
os.makedirs("/run/split53", exist_ok=True)	# control sockets of this file's servers alone
namespace.empty_folder("/run/split53")

RESOLV_CONF = "/etc/resolv.conf"


@pytest.fixture(scope="session", autouse=True)
def resolv_conf(tmp_path_factory):
    """An empty resolv.conf for the test, at the path that this fixture returns. It is mounted over that of the machine."""
    path = tmp_path_factory.mktemp("etc") / "resolv.conf"
    path.write_text("")
    namespace.run("mount", "--bind", str(path), os.path.realpath(RESOLV_CONF))
    return path


@pytest.fixture
def closing():
    """closing(thing) returns the thing and calls its stop() or close() at the end of the test, the last one first."""
    things = []

    def add(thing):
        things.append(thing)
        return thing
    yield add
    failures = []
    for thing in reversed(things):
        try:
            (thing.stop if hasattr(thing, "stop") else thing.close)()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture
def upstream(closing):
    """upstream(answer, ...) starts a scripted server."""
    return lambda *arguments, **more: closing(FakeUpstream(*arguments, **more))


@pytest.fixture
def ailing(closing):
    """ailing(answer, ...) starts a server that can fail."""
    return lambda *arguments, **more: closing(Ailing(*arguments, **more))


@pytest.fixture
def named(closing, tmp_path):
    return lambda **more: closing(Named(tmp_path, **more))


@pytest.fixture
def consul(closing, tmp_path):
    return lambda **more: closing(Consul(tmp_path, **more))


@pytest.fixture
def small_disk():
    """A file system of 32 KiB that every user may enter."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="s53-disk-"))
    namespace.run("mount", "-t", "tmpfs", "-o", "size=32k,mode=755", "none", str(folder))
    yield folder
    namespace.run("umount", "-l", str(folder))
    folder.rmdir()


@pytest.fixture
def split53(closing, tmp_path):
    """
    split53(forwarders, consul, ...) starts the program on a free port of 127.0.0.1: queries go to `forwarders` (a list of "ADDR port
    N"), those for names under consul to `consul`; `options` and `extra` are more named.conf text. Or conf= for a whole file.
    """
    def start(forwarders=(), consul=None, options="", extra="", conf=None, address="127.0.0.1", **more):
        port = more.pop("port", None) or free_port(address)
        if conf is None:
            conf = conf_text(port, forwarders, consul, options, extra, address)
        return closing(Split53(tmp_path, conf, wait_at=(address, port), **more))
    return start


def conf_text(port, forwarders=(), consul=None, options="", extra="", address="127.0.0.1"):
    family = "listen-on-v6" if ":" in address else "listen-on"
    other = "listen-on { none; };" if ":" in address else "listen-on-v6 { none; };"
    text = f"""options {{
    {family} port {port} {{ {address}; }}; {other}
    recursion yes; allow-query {{ any; }}; pid-file none;
    forward only; forwarders {{ {" ".join(where + ";" for where in forwarders)} }};
    {options}
}};
"""
    if consul is not None:
        servers = [consul] if isinstance(consul, str) else consul
        text += f'zone "consul" {{ type forward; forward only; forwarders {{ {" ".join(w + ";" for w in servers)} }}; }};\n'
    return text + extra


@pytest.fixture
def make_conf():
    return conf_text

# SPDX-License-Identifier: ISC
"""Servers at link-local addresses, which a host has from router advertisements: `nameserver fe80::1%eth0`."""
import pytest

from support.client import addresses
from support.namespace import Neighbour, run
from support.process import patience, wait_until
from support.split53 import Split53, free_port
from support.upstream import A, FakeUpstream

DEVICE, HERE, THERE = "vethll", "fe80::53:1", "fe80::53:2"


def plug(neighbour):
    """The addresses of the link, without duplicate address detection."""
    run("ip", "address", "add", HERE + "/64", "dev", DEVICE, "nodad")
    run(*neighbour.command("ip", "address", "add", THERE + "/64", "dev", "eth0", "nodad"))


def unplug():
    if DEVICE in run("ip", "-brief", "link"):
        run("ip", "link", "del", DEVICE)


def plug_again(neighbour):
    """The link is removed, and added again with another index."""
    unplug()
    run("ip", "link", "add", "vethother", "type", "veth", "peer", "name", "vethpeer")	# takes an index
    run("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", "eth0", "netns", str(neighbour.holder.pid))
    run("ip", "link", "del", "vethother")
    run("ip", "link", "set", DEVICE, "up")
    run(*neighbour.command("ip", "link", "set", "eth0", "up"))
    plug(neighbour)


def answer(q):
    """Names that begin with tc have an answer over TCP only."""
    return q.reply(tc=True) if q.name.startswith("tc") and not q.tcp else q.reply((A, 0, bytes((10, 0, 0, 9))))


@pytest.fixture
def router(closing):
    """A host at the other end of a link, with a server on port 53 of all its addresses."""
    neighbour = closing(Neighbour(DEVICE, "10.53.9.1/24", "10.53.9.2/24"))
    plug(neighbour)
    neighbour.server = closing(FakeUpstream(answer, address="::", port=53, namespace=neighbour))
    return neighbour


@pytest.fixture
def start(closing, tmp_path):
    def start(resolv_conf, forwarders=""):
        path, port = tmp_path / "resolv.conf", free_port()
        path.write_text(resolv_conf)
        program = closing(Split53(tmp_path, f"""options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            pid-file none; recursion yes; allow-query {{ any; }}; {forwarders} }};\n""", wait_at=("127.0.0.1", port),
            environment={"SPLIT53_RESOLV_CONF": str(path)}))
        program.resolv_conf = path
        return program
    return start


def answers(program, name):
    return addresses(program.ask(name, timeout=1)) == ["10.0.0.9"]


def tries(program, tag):
    """A condition that queries a new name each time."""
    numbers = iter(range(1000))

    def good():
        try:
            return answers(program, f"{tag}{next(numbers)}.example.com.")
        except OSError:
            return False
    return good


@pytest.mark.parametrize("lines", [
    f"nameserver {THERE}%{DEVICE}\n",
    f"search example\nnameserver\t{THERE}%{DEVICE} \t# the router\noptions ndots:2\n",
    f"nameserver 127.0.0.1\nnameserver {THERE}%{DEVICE}\nnameserver 10.53.9.2\n",
    f"nameserver {THERE}%nosuch0\nnameserver {THERE}%{DEVICE}\n",
])
def test_link_local_nameservers_of_resolv_conf_are_used(router, start, lines):
    program = start(lines)
    assert answers(program, "a.example.com.")
    assert answers(program, "tc.example.com."), "over TCP as well"
    assert any(q.peer[0].startswith(HERE) for q in router.server.queries), router.server.queries[0].peer


def test_a_link_local_forwarder_of_the_configuration_is_used(router, start):
    program = start("", f"forward only; forwarders {{ {THERE}%{DEVICE}; }};")
    assert answers(program, "a.example.com.")
    assert answers(program, "tc.example.com.")


def test_it_works_again_when_the_interface_has_another_index(router, start):
    program = start(f"nameserver {THERE}%{DEVICE}\n")
    assert answers(program, "a.example.com.")
    plug_again(router)
    wait_until(tries(program, "again"), 10 * patience() / 2, "it gets queries at the interface's new index")


def test_an_interface_that_appears_later_is_used(router, start):
    unplug()
    program = start(f"nameserver 192.0.2.1\nnameserver {THERE}%{DEVICE}\n")
    assert f"nameserver {THERE}%{DEVICE} of {program.resolv_conf} is ignored" in program.log()
    plug_again(router)
    wait_until(tries(program, "later"), 10 * patience() / 2, "it gets queries as soon as possible")


def test_a_reload_uses_the_current_resolv_conf(router, start):
    program = start("nameserver 192.0.2.1\n")
    program.resolv_conf.write_text(f"nameserver {THERE}%{DEVICE}\n")
    program.reload()
    wait_until(tries(program, "reload"), 10 * patience() / 2, "the new server gets queries")

# SPDX-License-Identifier: ISC
"""Real servers beside the program: named, and a Consul agent."""
import json
import os
import signal
import urllib.error
import urllib.request

import dns.rcode

from .client import ask
from .process import Process, wait_until

CONSUL = os.environ.get("S53_CONSUL", "consul")


class Named:
    """A real named: `zones` is {name: zone file text}; `options`, `extra` and `defaults` are named.conf text."""

    def __init__(self, folder, zones=None, options="", extra="", address="127.0.0.1", port=5353, name="named",
                 defaults="dnssec-validation no; minimal-responses yes;"):
        self.folder = os.path.join(str(folder), name)
        os.makedirs(self.folder)
        self.address, self.port = address, port
        stanzas, self.paths = [], {}
        for number, (zone, text) in enumerate((zones or {}).items()):
            path = self.paths[zone] = os.path.join(self.folder, f"zone{number}")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            stanzas.append(f'zone "{zone}" {{ type primary; file "{path}"; }};')
        family = "listen-on-v6" if ":" in address else "listen-on"
        other = "listen-on { none; };" if ":" in address else "listen-on-v6 { none; };"
        conf = os.path.join(self.folder, "named.conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(f"""
options {{
    directory "{self.folder}"; pid-file none; session-keyfile none; managed-keys-directory "{self.folder}";
    {family} port {port} {{ {address}; }}; {other}
    {defaults} notify no;
    {options}
}};
controls {{ }};
{extra}
{chr(10).join(stanzas)}
""")
        self.process = Process(["named", "-g", "-n", "1", "-c", conf], self.folder, name)
        self.process.wait_for_log(r"\brunning$|\brunning\n", 20)

    @property
    def where(self):
        return f"{self.address} port {self.port}"

    def ask(self, name, rdtype="A", **more):
        return ask((self.address, self.port), name, rdtype, **more)

    def rewrite(self, zone, text):
        """Another text for a zone, with a higher serial; it is in force when this returns."""
        with open(self.paths[zone], "w", encoding="utf-8") as file:
            file.write(text)
        before = self.process.log().count(f"zone {zone}/IN: loaded serial")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.process.log().count(f"zone {zone}/IN: loaded serial") > before, 10, f"{zone} is loaded")

    def close(self):
        self.process.kill()


class Consul:
    """A real agent in development mode, DNS on 127.0.0.1:`dns_port`, with its services registered."""

    def __init__(self, folder, services=(), conf=None, dns_port=8600, http_port=8500, node="node-a", settings_files=()):
        self.folder = os.path.join(str(folder), "consul")
        self.conf_folder = os.path.join(self.folder, "consul.d")
        os.makedirs(self.conf_folder)
        self.dns_port, self.http_port = dns_port, http_port
        settings = {"node_name": node, "node_meta": {"rack": "r1", "rfc1035-note": "a free text"}}
        settings.update(conf or {})
        self._write("0-agent.json", settings)
        for number, service in enumerate(services):
            self._write(f"service{number}.json", {"service": service})
        for path in settings_files:
            with open(path, encoding="utf-8") as file:
                self._write("1-" + os.path.basename(path), json.load(file))
        self.process = Process(
            [CONSUL, "agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-dns-port", str(dns_port),
             "-http-port", str(http_port), "-grpc-port", "-1", "-config-dir", self.conf_folder], self.folder, "consul")
        wait_until(self._has_leader, 30, "Consul has a leader")

    def _write(self, name, value):
        with open(os.path.join(self.conf_folder, name), "w", encoding="utf-8") as file:
            json.dump(value, file)

    def _has_leader(self):
        assert self.process.running(), self.process.log()
        try:
            return self.http("GET", "/v1/status/leader")
        except (urllib.error.URLError, OSError):
            return None

    def http(self, method, path, value=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}{path}", method=method,
            data=None if value is None else json.dumps(value).encode())
        with urllib.request.urlopen(request, timeout=5) as reply:
            octets = reply.read()
        return json.loads(octets) if octets else None

    def register(self, node, address, service, meta=None):
        """A service on a node other than the agent, registered like an external one."""
        self.http("PUT", "/v1/catalog/register",
                  {"Node": node, "Address": address, "NodeMeta": meta or {}, "Service": service})

    def ask(self, name, rdtype="A", **more):
        return ask(("127.0.0.1", self.dns_port), name, rdtype, **more)

    def wait_for(self, name, rdtype="A", seconds=20):
        """Wait until Consul itself has an answer."""
        def there():
            reply = self.ask(name, rdtype)
            return reply.answer if reply.rcode() == dns.rcode.NOERROR else None
        return wait_until(there, seconds, f"Consul knows {name} {rdtype}")

    def close(self):
        self.process.kill()

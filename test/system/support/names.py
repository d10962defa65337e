# SPDX-License-Identifier: ISC
"""Random names of all forms, in wire format, and the side of the split that each belongs to, computed without the program."""
import random

LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
# Last labels that are never forwarded (RFC 6761, RFC 7686, RFC 6762, RFC 8375) or that have another meaning.
LOCAL = {b"localhost", b"invalid", b"test", b"onion", b"local", b"arpa", b"alt", b"bind", b"server", b"internal"}


def spelled(rng, word):
    """The word in random letter case."""
    return bytes(rng.choice((c, c ^ 0x20)) if chr(c).isalpha() else c for c in word)


def label(rng, most=20):
    return bytes(rng.choice(LETTERS) for _ in range(rng.randint(1, most)))


def odd_label(rng):
    """Arbitrary octets: dots, blanks, zero, high ones."""
    return bytes(rng.randrange(256) for _ in range(rng.randint(1, 12)))


def shapes(rng):
    consul = spelled(rng, b"consul")
    return [
        lambda: [consul],
        lambda: [label(rng), consul],
        lambda: [label(rng), b"service", consul],
        lambda: [label(rng), label(rng), b"service", b"dc1", consul],
        lambda: [odd_label(rng), consul],
        lambda: [label(rng, 63), label(rng, 63), label(rng, 63), label(rng, 40), consul],
        lambda: [label(rng, 2) for _ in range(30)] + [consul],
        lambda: [consul, consul],
        lambda: [b"www", b"example", b"com", consul],
        lambda: [b"not" + consul],
        lambda: [label(rng), consul + label(rng, 3)],
        lambda: [label(rng, 3) + consul],
        lambda: [consul, b"example", b"com"],
        lambda: [label(rng), b"service", consul, b"example", b"com"],
        lambda: [b"a." + consul],
        lambda: [b"." + consul],
        lambda: [consul + b"."],
        lambda: [consul + b"\0"],
        lambda: [b"\0" + consul],
        lambda: [label(rng), b"service." + consul],
        lambda: [bytes([6]) + consul],
        lambda: [b"consu"], lambda: [b"onsul"], lambda: [b"con", b"sul"], lambda: [b"consul_"],
        lambda: [b"c\xf6nsul"], lambda: [bytes(c | 0x80 for c in b"consul")], lambda: [b"C0NSUL"],
        lambda: [bytes(c ^ 0x40 for c in b"consul")],
        lambda: [],
        lambda: [label(rng)],
        lambda: [label(rng), label(rng), b"com"],
        lambda: [odd_label(rng), label(rng), b"net"],
        lambda: [label(rng, 63), label(rng, 63), label(rng, 63), label(rng, 50)],
        lambda: [label(rng, 1) for _ in range(60)],
    ]


def is_consul(labels):
    """The last label is consul, in any letter case."""
    return bool(labels) and labels[-1].lower() == b"consul"


def random_names(count, seed):
    """`count` different names as lists of labels."""
    rng, seen = random.Random(seed), set()
    while len(seen) < count:
        for shape in shapes(rng):
            labels = shape()
            if labels and labels[-1].lower() in LOCAL:
                continue
            key = tuple(part.lower() for part in labels)
            if sum(len(part) + 1 for part in labels) + 1 > 255 or key in seen or len(seen) == count:
                continue
            seen.add(key)
            yield labels


def question(labels, identity, qtype=1, flags=0x0100):
    """The bytes of a query."""
    name = b"".join(bytes([len(part)]) + part for part in labels) + b"\0"
    return identity.to_bytes(2, "big") + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\0" + name + qtype.to_bytes(2, "big") + b"\0\1"

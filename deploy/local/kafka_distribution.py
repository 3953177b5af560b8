"""The JARs of Apache Kafka, fetched once and verified against the committed list of hashes.

`python -m deploy.local.kafka_distribution` resolves the coordinates anew and prints a new list;
nothing else here trusts what a repository says.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.refusal import CannotStart

VERSION = "4.3.1"
# The "!" keeps the logging bridge's own BOM out: it would drag in an older kafka-clients.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{VERSION}+org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!"
JAR_LIST = Path(__file__).with_name("kafka_jars.sha256")
PARALLEL_DOWNLOADS = 8

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Jar:
    """One artifact by its Maven coordinates, and the SHA-256 that its bytes must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def wanted_jars(jar_list: Path = JAR_LIST) -> list[Jar]:
    """The committed list, one `sha256  group:artifact:version` a line."""
    jars = []
    for line in jar_list.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sha256, coordinates = line.split()
            group, artifact, version = coordinates.split(":")
            jars.append(Jar(group, artifact, version, sha256))
    return jars


def fetch(cache: Path, progress: Progress | None = None, jar_list: Path = JAR_LIST) -> list[Path]:
    """The verified JARs under `cache`, downloaded first when they are not there.

    Safe for several processes at once: one downloads, the others wait for it. A download that was
    broken off counts for nothing. Raises CannotStart when the network or the disk is missing, or when
    a file has other bytes than the committed list says.
    """
    jars = wanted_jars(jar_list)
    directory = cache / f"kafka-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"kafka-{VERSION}.lock"):
        if not _is_whole(directory, jars):
            _download_into(directory, jars, progress)
    return [directory / jar.file_name for jar in jars]


def is_fetched(cache: Path) -> bool:
    """Whether `fetch` would need no network."""
    return _is_whole(cache / f"kafka-{VERSION}", wanted_jars())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_whole(directory: Path, jars: list[Jar]) -> bool:
    return all(_has_bytes(directory / jar.file_name, jar.sha256) for jar in jars)


def _has_bytes(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _download_into(directory: Path, jars: list[Jar], progress: Progress | None) -> None:
    for broken_off in directory.parent.glob(f".{directory.name}-*"):
        shutil.rmtree(broken_off, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
            downloads = [pool.submit(_download, jar, partial) for jar in jars]
            try:
                for done, download in enumerate(as_completed(downloads), start=1):
                    download.result()
                    if progress is not None:
                        progress(done, len(jars))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        shutil.rmtree(partial / "repository")
        shutil.rmtree(directory, ignore_errors=True)
        os.replace(partial, directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _download(jar: Jar, partial: Path) -> None:
    import requests
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=partial / "repository", remote_repos=_repositories(), local_repos=[], timeout=30)
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        path = Path(artifact.resolve())
    except (requests.RequestException, RuntimeError) as error:
        raise CannotStart(
            f"Apache Kafka could not be downloaded ({jar.file_name}): is the network there? "
            "It is needed on the first run only."
        ) from error
    except OSError as error:
        raise CannotStart(f"Apache Kafka could not be stored under {partial.parent}: {error}.") from error
    if not _has_bytes(path, jar.sha256):
        raise CannotStart(
            f"{jar.file_name} was downloaded with other bytes than {JAR_LIST.name} says; it was thrown away."
        )
    os.replace(path, partial / jar.file_name)


def _repositories() -> dict[str, str]:
    """A mirror named in the user's jgo configuration is asked before the usual repository."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    return {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}


def _print_new_list() -> None:
    import jgo

    lines = []
    for artifact in jgo.resolve(ENDPOINT):
        with Path(artifact.resolve()).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {artifact.groupId}:{artifact.artifactId}:{artifact.version}")
    print(f"# The classpath of Apache Kafka {VERSION}; printed by python -m deploy.local.kafka_distribution")
    print("\n".join(sorted(lines, key=lambda line: line.split()[1])))


if __name__ == "__main__":
    _print_new_list()

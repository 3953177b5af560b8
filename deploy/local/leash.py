"""Starts a program that is told to end when its parent dies, however the parent dies.

Run as a script: `python -I -S leash.py <parent pid> <program> <argument>…`. It asks the kernel for
SIGTERM at the parent's death (prctl(2), PR_SET_PDEATHSIG) and becomes the program. A script instead
of subprocess's preexec_fn, because that is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel knew
        sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - becoming the program is the whole purpose


if __name__ == "__main__":
    main()

"""Runs MiniStack until it is told to stop, or until whoever started it is gone.

Standard input is a pipe whose other end the parent holds. When the parent dies, however it
dies, the pipe closes and MiniStack stops as on Ctrl-C: it saves its state and its workers go.
"""

import os
import signal
import sys
import threading
import time

# Undelivered stream records are not saved, so the readers get a moment for the last ones.
DRAIN_SECONDS = 1.5


def leave_with_parent() -> None:
    while os.read(0, 4096):
        pass
    time.sleep(DRAIN_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)


threading.Thread(target=leave_with_parent, daemon=True).start()
sys.argv = ["ministack"]

from ministack.app import main  # noqa: E402

main()

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
from ministack.services import lambda_svc  # noqa: E402


def deliver_failures_again() -> None:
    """Makes a batch of a stream count as failed when its function names records that failed.

    MiniStack ignores them: those records would never come again, as they do on AWS. The whole
    batch comes again, so those before them a second time, which may happen there as well.
    """
    poll, execute = lambda_svc._poll_dynamodb_streams, lambda_svc._execute_function
    poller = threading.local()

    def poll_streams():
        poller.is_polling = True
        try:
            return poll()
        finally:
            poller.is_polling = False

    def execute_function(func, event, *args, **kwargs):
        result = execute(func, event, *args, **kwargs)
        if not getattr(poller, "is_polling", False) or result.get("error"):
            return result
        body = result.get("body")
        failures = body.get("batchItemFailures") if isinstance(body, dict) else None
        if not failures:
            return result
        told = {"errorType": "BatchItemFailures", "errorMessage": f"{len(failures)} failed"}
        return {**result, "error": True, "body": told}

    lambda_svc._poll_dynamodb_streams = poll_streams
    lambda_svc._execute_function = execute_function


deliver_failures_again()
main()

# SPDX-License-Identifier: Apache-2.0
"""`hearth serve` with the tiny model, and what tests ask of it beside what their clients do."""

import array
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

PROGRAM = os.environ["HEARTH_PROGRAM"]
FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "models"
MODEL_FILE = str(FIXTURES / "tiny-llama-f32.gguf")
MODEL = "tiny-llama-f32"
PATIENCE = 60  # seconds; far more than anything here takes


class Server:
    """Serves until stop(). The store and the keys are its own."""

    def __init__(self, *flags, home=None):
        self.home = home or tempfile.mkdtemp(prefix="hearth-clients-")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", MODEL_FILE, "--port", "0", "-c", "2048", "-t", "2", *flags],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "HEARTH_HOME": self.home})
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            address = re.search(r"is served at (http://[0-9.:]+)", line)
            if address:
                break
        else:
            raise RuntimeError("the server ended: " + self.said)
        self.url = address.group(1)
        self.api = self.url + "/v1"
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(PATIENCE) != 0:
            raise RuntimeError(f"the server ended with {self.process.returncode}")

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return json.load(response)

    def tokens(self, text):
        return self.post("/tokenize", {"content": text})["tokens"]

    def is_idle(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=PATIENCE) as response:
            text = response.read().decode()
        names = ("hearth:num_requests_running", "hearth:num_requests_waiting")
        return all(re.search(rf"^{name}\{{.*\}} 0$", text, re.MULTILINE) for name in names)


class ServerTest(unittest.TestCase):
    """Its tests share one server."""

    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.flags)
        cls.addClassCleanup(cls.server.stop)

    def comes_true(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it does not come true")
            time.sleep(0.02)


def logits(ids):
    """What the model makes of each position, by `hearth logits`: rows of float32."""
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/logits.f32"
        subprocess.run([PROGRAM, "logits", MODEL_FILE, "--tokens", ",".join(map(str, ids)), "-o", path],
                       check=True, env={**os.environ, "HEARTH_HOME": folder})
        values = array.array("f")
        with open(path, "rb") as file:
            values.frombytes(file.read())
    width = len(values) // len(ids)
    return [values[i * width:(i + 1) * width] for i in range(len(ids))]

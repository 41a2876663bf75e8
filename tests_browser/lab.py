"""A JupyterLab of the tests' own.

It listens on a free port of this computer with a token, and works in a temporary folder: the
checkout's notebooks are copied there without their outputs, so they stay as they are, and whatever
a test sees was made in front of it.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from playwright.sync_api import Page
from screen import Notebook

ROOT = Path(__file__).resolve().parents[1]
START = 300  # seconds that the server or a kernel may take to start on a busy machine
SETTINGS = {  # ask nothing at the start; keep all cells of a notebook in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


class Lab:
    """A running server: its address, its token, and the folder it works in."""

    def __init__(self, address: str, token: str, folder: Path) -> None:
        self.address, self.token, self.folder = address, token, folder

    def ask(self, path: str, method: str = "GET") -> object:
        """What the server answers at /api/`path`."""
        request = urllib.request.Request(
            f"{self.address}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def open(self, page: Page, name: str, notebook: NotebookNode | None = None) -> Notebook:
        """Open a notebook, by default a copy of the checkout's, and wait for its kernel."""
        notebook = notebook or course(name)
        nbformat.write(notebook, self.folder / name)
        fresh = secrets.token_hex(4)  # a workspace of its own opens no other notebook beside it
        page.goto(f"{self.address}/lab/workspaces/{fresh}/tree/{name}?token={self.token}")
        opened = Notebook(page, notebook)
        opened.wait_idle(START)
        return opened

    def end_kernels(self) -> None:
        """Give their memory back."""
        for kernel in self.ask("kernels"):
            self.ask(f"kernels/{kernel['id']}", "DELETE")


def course(name: str) -> NotebookNode:
    """One of the course's notebooks, as if it had never run."""
    notebook = nbformat.reads((ROOT / "notebooks" / name).read_text("utf-8"), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Start JupyterLab in `folder`, and end it.

    Raises:
        RuntimeError: it did not start; the message ends with what it printed.
    """
    work, settings = folder / "notebooks", folder / "settings"
    work.mkdir(parents=True)
    for name, values in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), "utf-8")
    token, port = secrets.token_hex(16), _free_port()
    environment = {
        **os.environ,
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    environment.pop("MPLBACKEND", None)  # the kernel's own: figures land in the notebook
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={work}"]
    if os.geteuid() == 0:
        command.append("--allow-root")
    log = folder / "server.log"
    with log.open("wb") as sink:
        server = subprocess.Popen(command, cwd=work, env=environment, stdout=sink, stderr=sink)
    lab = Lab(f"http://127.0.0.1:{port}", token, work)
    try:
        _wait_until_up(lab, server, log)
        yield lab
        lab.end_kernels()
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_up(lab: Lab, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            lab.ask("status")
            return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    said = log.read_text("utf-8", "replace")[-2000:]
    raise RuntimeError(f"JupyterLab did not start at {lab.address}. It said:\n{said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

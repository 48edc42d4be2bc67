#!/usr/bin/env python3
"""What one scalar costs entrenar and its peers: bench/peers/run.py [--only NAME,...] [--json FILE]

Installs the peers (requirements.txt) into a virtual environment, each if it can be had, and prints one
table: cost of a call, bytes a point, time to read back, points found after SIGKILL right behind call 1,001
at 200 calls a second. Nothing but the installation uses the network: the peers run in a network namespace
of their own where the machine allows it, with their telemetry turned off.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KILLED_BEHIND = 1001
# Name, package, calls of a measurement.
PEERS = [
    ("json-lines", None, 20_000),
    ("tensorboardx", "tensorboardX", 20_000),
    ("trackio", "trackio", 20_000),
    ("aim", "aim", 10_000),
    ("wandb-offline", "wandb", 20_000),
    ("mlflow-sync", "mlflow", 1_000),
    ("mlflow-async", "mlflow", 1_000),
]
OURS = "entrenar (Rust)"
QUIET = {
    "DO_NOT_TRACK": "1",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB__DISABLE_STATS": "true",
    "WANDB_CONSOLE": "off",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "NO_PROXY": "",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def install(venv, wanted):
    """The packages that could be installed, with their versions."""
    python = venv / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    versions = {}
    for line in (HERE / "requirements.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        if line.startswith("#") or name not in wanted:
            continue
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", line]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode == 0:
            versions[name] = version
        else:
            print(f"SKIPPED: {line} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return python, versions


def isolation():
    """A command that runs another one without a network, if there is one."""
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        up = [*command, "sh", "-c", "ip link set lo up"]
        try:
            if subprocess.run(up, capture_output=True).returncode == 0:
                return [*command, "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
        except OSError:
            break
    print("The machine has no network namespaces for us: the peers' own switches keep them silent.")
    return []


def size(folder):
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def run(command, mode, calls, folder):
    """The JSON that a child prints; what it left in the background ends with it."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **QUIET}
    work = folder / "work"
    work.mkdir(exist_ok=True)
    child = subprocess.Popen(
        [*command, mode, str(work), str(calls)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )
    try:
        if mode == "kill":
            # Helpers of the killed process get time to write what they have.
            code = child.wait(timeout=300)
            time.sleep(3)
            out, err = "", ""
        else:
            out, err = child.communicate(timeout=900)
            code = child.returncode
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if mode == "kill":
        if code not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise RuntimeError(f"was not killed, but ended with {code}: {child.stderr.read()[-500:]}")
        return {}
    results = [line for line in out.splitlines() if line.startswith("RESULT ")]
    if not results:
        raise RuntimeError(f"{mode} ended with {code}: {err.strip()[-500:]}")
    return json.loads(results[-1][7:])


def measure(command, calls, rounds):
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="peers-", ignore_cleanup_errors=True) as folder:
            few, many, killed = (pathlib.Path(folder) / name for name in ("few", "many", "killed"))
            for place in (few, many, killed):
                place.mkdir()
            # What a folder takes that holds hardly anything is no point's cost.
            base = calls // 10
            run(command, "cost", base, few)
            cost = run(command, "cost", calls, many)
            cost["bytes"] = (size(many / "work") - size(few / "work")) / (calls - base)
            back = run(command, "read", calls, many)
            if back["points"] != calls:
                # Whose reader fails after a good end cannot be asked what a kill left.
                print(f"{back['points']} of {calls} points read back", file=sys.stderr)
                found.append(cost)
                continue
            cost["read_us"] = back["ms"] * 1e3 / calls
            run(command, "kill", KILLED_BEHIND, killed)
            cost["survived"] = run(command, "read", KILLED_BEHIND, killed)["points"]
            found.append(cost)
    return {key: statistics.median(one[key] for one in found) for key in found[0]}


def table(results):
    ours = results.get(OURS)
    head = ["", "a call, median", "p99", "bytes a point", "read back, a point", f"left of {KILLED_BEHIND:,} after SIGKILL"]
    if ours:
        head += ["call ÷ ours", "bytes ÷ ours"]
    rows = [head, ["---"] + ["--:"] * (len(head) - 1)]
    for name, one in results.items():
        if "error" in one:
            rows.append([name, one["error"]] + [""] * (len(head) - 2))
            continue
        row = [
            name, duration(one["median_ns"]), duration(one["p99_ns"]), f"{one['bytes']:,.1f}",
            duration(one["read_us"] * 1e3) if "read_us" in one else "its reader fails",
            f"{one['survived']:,.0f}" if "survived" in one else "",
        ]
        if ours:
            row += [f"{one['median_ns'] / ours['median_ns']:,.0f}", f"{one['bytes'] / ours['bytes']:,.1f}"]
        rows.append(row)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def duration(nanos):
    if nanos < 1000:
        return f"{nanos:,.0f} ns"
    return f"{nanos / 1e3:,.1f} µs"


def machine():
    model = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    ) if os.path.exists("/proc/cpuinfo") else platform.processor()
    load = os.getloadavg()[0]
    return {
        "processor": model, "threads": os.cpu_count(), "system": platform.platform(),
        "python": platform.python_version(), "load at the begin": round(load, 1), "time": time.strftime("%Y-%m-%d"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="peers, with commas; 'entrenar' is ours")
    parser.add_argument("--rounds", type=int, default=1, help="take the median of so many measurements")
    parser.add_argument("--venv", type=pathlib.Path, default=ROOT / "target" / "peers-venv")
    parser.add_argument("--json", type=pathlib.Path, help="write the raw results to this file")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",") if arguments.only else [name for name, _, _ in PEERS] + ["entrenar"]
    peers = [peer for peer in PEERS if peer[0] in chosen]
    report = {"machine": machine(), "versions": {}, "results": {}}
    results = report["results"]
    jobs = []
    if "entrenar" in chosen:
        cargo = ["cargo", "build", "--release", "--quiet", "--locked", "--message-format=json", "-p", PACKAGE, "--example", "peer", *FEATURES]
        built = subprocess.run(cargo, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        binary = next(
            message["executable"] for message in map(json.loads, built.splitlines())
            if message.get("executable") and message["target"]["name"] == "peer"
        )
        jobs.append((OURS, [binary], 100_000))
    without_network = isolation()
    if any(package for _, package, _ in peers):
        python, report["versions"] = install(arguments.venv, {package for _, package, _ in peers})
    else:
        python = sys.executable
    for name, package, calls in peers:
        if package and package not in report["versions"]:
            continue
        version = report["versions"].get(package, "")
        jobs.append((f"{name} {version}".strip(), [str(python), str(HERE / "peer.py"), name], calls))
    for name, command, calls in jobs:
        try:
            results[name] = measure([*without_network, *command], calls, arguments.rounds)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            results[name] = {"error": f"SKIPPED: {error}".replace("\n", " ")}
        print(name, json.dumps(results[name]), file=sys.stderr)
    print(json.dumps(report["machine"]))
    print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


PACKAGE, FEATURES = "entrenar", ["--features", "record"]

if __name__ == "__main__":
    sys.exit(main())

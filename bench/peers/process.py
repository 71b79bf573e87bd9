"""One peer in a process of its own, which answers line by line:

    setup key=value ...   prepares a job             -> ok [pads=top,bottom,left,right] | skip REASON
    version               -> ok WHAT_IT_IS
    check FILE            one call, result to FILE   -> ok
    time SECONDS          calls for that long        -> ok SECONDS_OF_THE_SHORTEST

and, the peer "limits": "peak SECONDS", "stream READ WRITTEN SECONDS" and "copy BYTES SECONDS". Tensors travel as raw
files of little-endian numbers, images always as (n,h,w,c).
"""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD", "build")
LUA = dict(LUA_PATH="./lua/?.lua;./lua/?/init.lua;./?.lua;;", LUA_CPATH="./%s/?.so;;" % BUILD)
# Equal allocators: glibc keeps freed pages.
SETTINGS = dict(MALLOC_MMAP_THRESHOLD_="1073741824", MALLOC_TRIM_THRESHOLD_="4294967296")
SCRATCH = os.path.join(BUILD, "peers")

# Who hosts each peer.
HOSTS = dict(dwconv="worker.lua", dwconv_eager="worker.lua", limits="worker.lua", onednn="onednn",
             torch="worker_torch.py", torch_packed="worker_torch.py", tf="worker_tf.py", tf_eager="worker_tf.py",
             ort="worker_onnx.py", openvino="worker_onnx.py", ncnn="worker_ncnn.py", tflite="worker_tflite.py",
             numpy="worker_numpy.py")

# Their helper threads are told where to run; those of the others are placed by worker.py, once they exist. Ours are not
# OpenMP's and go where they like: told this, OpenMP's main thread, which starts them, would keep them on its own CPU.
PLACED = ("limits", "onednn", "torch", "ncnn", "numpy")


def command(name, threads):
    host = HOSTS[name]
    if host == "worker.lua":
        return ["lua5.4", os.path.join(HERE, host), name, str(threads)]
    if host == "onednn":
        return [os.path.join(SCRATCH, host), str(threads)]
    python = os.environ.get("PEERS_TF_PYTHON", sys.executable) if host == "worker_tf.py" else sys.executable
    return [python, os.path.join(HERE, host), name, str(threads)]


def environment(name, threads, isa):
    n = str(threads)
    env = dict(os.environ, **SETTINGS, **LUA, OMP_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n, MKL_NUM_THREADS=n, KMP_BLOCKTIME="1",
               TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", PYTHONUNBUFFERED="1", SCRATCH=SCRATCH)
    if name.startswith(PLACED):
        env.update(OMP_PROC_BIND="close", OMP_PLACES="threads")
    if isa:
        env.update(DWCONV_ISA=isa, ONEDNN_MAX_CPU_ISA=isa.upper(), DNNL_MAX_CPU_ISA=isa.upper())
    return env


class Process:
    def __init__(self, name, threads, isa=None):
        cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))[-threads:]))
        log = open(os.path.join(SCRATCH, "%s.log" % name), "w")
        self.p = subprocess.Popen(["taskset", "-c", cpus] + command(name, threads), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=log, text=True, env=environment(name, threads, isa))
        self.dead = None

    def ask(self, line):
        """-> (whether it is ok, the rest of the answer)"""
        try:
            if not self.dead:
                self.p.stdin.write(line + "\n")
                self.p.stdin.flush()
                for answer in self.p.stdout:
                    word, _, rest = answer.strip().partition(" ")
                    if word in ("ok", "skip"):
                        return word == "ok", rest
        except BrokenPipeError:
            pass
        if not self.dead:
            self.dead = "its process ended with %d" % self.p.wait()
        return False, self.dead

    def seconds(self, line):
        ok, rest = self.ask(line)
        if not ok:
            raise RuntimeError("%s: %s" % (line, rest))
        return float(rest)

    def runs(self):
        """whether a thread of it is running, be it that it spins"""
        tasks = "/proc/%d/task" % self.p.pid
        for tid in os.listdir(tasks):
            try:
                with open("%s/%s/stat" % (tasks, tid)) as file:
                    if file.read().rpartition(")")[2].split()[0] == "R":
                        return True
            except OSError:
                pass  # ended meanwhile
        return False

    def rest(self):
        """Waits until it leaves the CPUs to the next one: helper threads spin for up to 30 ms after their last work."""
        stop = time.monotonic() + 0.5
        while not self.dead and self.runs() and time.monotonic() < stop:
            time.sleep(0.001)

    def close(self):
        try:
            self.p.stdin.close()
            self.p.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.p.kill()
            self.p.wait()

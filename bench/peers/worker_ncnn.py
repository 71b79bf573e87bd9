"""ncnn on a network of one layer, float32. It knows images as (c,h,w) only and no batch."""
import os

import ncnn
import numpy as np

from worker import Peer, Skip, inference_only, serve, to_first


class Ncnn(Peer):
    version = "ncnn " + ncnn.__version__

    def __init__(self, _, threads):
        self.threads = threads

    def network(self, layer, weights):
        net = ncnn.Net()
        net.opt.num_threads, net.opt.use_vulkan_compute = self.threads, False
        for less in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "bf16_packed"):
            if hasattr(net.opt, "use_" + less):
                setattr(net.opt, "use_" + less, False)
        path = os.path.join(os.environ["SCRATCH"], "ncnn")
        with open(path + ".param", "w") as file:
            file.write("7767517\n2 2\nInput in 0 1 x\n%s\n" % layer)
        with open(path + ".bin", "wb") as file:
            file.write(bytes(4) + weights.tobytes())
        if net.load_param(path + ".param") or net.load_model(path + ".bin"):
            raise Skip("does not load its network")
        return net

    def layer(self, job, weights):
        if job.op == "pointwise":
            return "Convolution conv 1 1 x y 0=%d 1=1 5=0 6=%d" % (job.k, weights.size)
        top, bottom, left, right = job.pads
        name, groups = ("Convolution", "") if job.groups == 1 else ("ConvolutionDepthWise", " 7=%d" % job.groups)
        return ("%s conv 1 1 x y 0=%d 1=%d 11=%d 2=%d 3=%d 13=%d 4=%d 14=%d 15=%d 16=%d 5=0 6=%d%s" %
                (name, job.o, job.kw, job.kh, job.d, job.sw, job.sh, left, top, right, bottom, weights.size, groups))

    def prepare(self, job):
        inference_only(job)
        if job.dtype == "float64":
            raise Skip("no float64")
        if job.x.shape[0] > 1:
            raise Skip("no batch")
        weights = job.oihw()
        net = self.network(self.layer(job, weights), weights)
        image = to_first(job.x)[0]
        x = ncnn.Mat(image).clone()  # a Mat does not keep its array alive

        def call():
            run = net.create_extractor()
            run.input("x", x)
            return run.extract("y")[1]
        return call, lambda y: np.array(y).transpose(1, 2, 0)


serve(dict(ncnn=Ncnn))

// onednn.cpp: oneDNN's side of race.py: primitives made once; process.py says what is asked and answered. Weights are
// packed as oneDNN wants them, beforehand. Images stay (n,h,w,c); those that are (n,c,h,w), for which oneDNN has no
// fast kernel, are reordered within the call to the layout with which it is done first, and back.
#include <dnnl.hpp>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using tag = memory::format_tag;
using dims = memory::dims;

static engine cpu(engine::kind::cpu, 0);
static stream queue(cpu);

struct job {
  std::map<std::string, std::string> keys;

  memory::dim size(const std::string &key) const { return std::stol(keys.at(key)); }
  std::string text(const std::string &key) const { return keys.count(key) ? keys.at(key) : ""; }
  bool first() const { return text("layout") == "first"; }
};

struct step {
  primitive run;
  std::unordered_map<int, memory> arguments;
};

// The primitives of a call in their order; `plain` is how race.py wants the result.
struct call {
  std::vector<step> steps;
  memory result;
  memory::desc plain;

  void operator()() {
    for (step &s : steps) s.run.execute(queue, s.arguments);
    queue.wait();
  }
};

static memory::desc described(const dims &d, tag t) { return memory::desc(d, memory::data_type::f32, t); }
static memory::desc described(const dims &d, const dims &strides) {
  return memory::desc(d, memory::data_type::f32, strides);
}

static memory as(memory from, const memory::desc &d) {
  if (from.get_desc() == d) return from;
  memory to(d, cpu);
  reorder(from, to).execute(queue, from, to);
  queue.wait();
  return to;
}

// The tensor of a file, which holds it as `plain` says, in the layout that a primitive wants.
static memory read(const std::string &path, const memory::desc &plain, const memory::desc &wanted) {
  memory m(plain, cpu);
  std::ifstream(path, std::ios::binary).read((char *)m.get_data_handle(), (std::streamsize)plain.get_size());
  return as(m, wanted);
}

// Fills what nobody else writes before the first call, so that no page is the zero page.
static memory fresh(const memory::desc &d) {
  memory m(d, cpu);
  std::fill_n((char *)m.get_data_handle(), d.get_size(), 1);
  return m;
}

// ---- convolution ----------------------------------------------------------------------------------

struct convolution {
  dims x, w, y, weights, strides, dilation, before, after; // `weights`: the strides of the weights in their file
};

static convolution pointwise(const job &j) {
  auto h = j.size("h"), w = j.size("w"), c = j.size("c"), k = j.size("k");
  return {{1, c, h, w}, {k, c, 1, 1}, {1, k, h, w}, {1, k, 1, 1}, {1, 1}, {0, 0}, {0, 0}, {0, 0}};
}

// Of any groups; a kernel (kh,kw,c,m) of a depthwise convolution is (kh,kw,1,c*m) as it lies.
static convolution grouped(const job &j) {
  auto n = j.size("n"), c = j.size("c"), o = j.size("o"), s = j.size("groups"), d = j.size("d") - 1;
  auto kh = j.size("kh"), kw = j.size("kw"), in = c / s, out = o / s;
  convolution v = {{n, c, j.size("h"), j.size("w")},
                   {s, out, in, kh, kw},
                   {n, o, j.size("oh"), j.size("ow")},
                   {out, 1, o, kw * in * o, in * o},
                   {j.size("sh"), j.size("sw")},
                   {d, d},
                   {j.size("top"), j.size("left")},
                   {j.size("bottom"), j.size("right")}};
  if (s == 1) v.w.erase(v.w.begin()), v.weights.erase(v.weights.begin());
  return v;
}

// Version 3 made the operation's description part of the primitive's.
#if DNNL_VERSION_MAJOR >= 3
#define CONVOLUTION(op, ...) convolution_##op::primitive_desc(cpu, __VA_ARGS__)
#define HINTED(op, hint, ...) convolution_##op::primitive_desc(cpu, __VA_ARGS__, hint)
#else
#define CONVOLUTION(op, ...) convolution_##op::primitive_desc({__VA_ARGS__}, cpu)
#define HINTED(op, hint, ...) convolution_##op::primitive_desc({__VA_ARGS__}, cpu, hint)
#endif

static step reordering(const memory &from, const memory &to) {
  return {reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
}

// The image of a file as a primitive wants it; when the user holds it as (n,c,h,w), by a step of the call.
static memory image(call &c, const job &j, const char *key, const dims &d, const memory::desc &wanted) {
  memory held = read(j.text(key), described(d, tag::nhwc), j.first() ? described(d, tag::nchw) : wanted);
  if (!j.first()) return held;
  memory own(wanted, cpu);
  c.steps.push_back(reordering(held, own));
  return own;
}

// Adds the convolution to the call, and the step that brings an image of these dims back to where the user holds it.
static call finish(call c, const job &j, step s, const memory &to, const memory::desc &plain, const dims *d) {
  c.steps.push_back(s);
  c.result = to, c.plain = plain;
  if (!j.first() || d == nullptr) return c;
  c.result = fresh(described(*d, tag::nchw));
  c.steps.push_back(reordering(to, c.result));
  return c;
}

// On images in a layout of oneDNN's.
static call convolve(const job &j, tag images) {
  std::string op = j.text("op");
  convolution v = op == "pointwise" ? pointwise(j) : grouped(j);
  auto direct = algorithm::convolution_direct;
  auto x = described(v.x, images), y = described(v.y, images), w = described(v.w, tag::any);
  auto file_x = described(v.x, tag::nhwc), file_y = described(v.y, tag::nhwc), file_w = described(v.w, v.weights);
  bool gradient = op == "grad_x" || op == "grad_kernel";
  auto kind = gradient ? prop_kind::forward_training : prop_kind::forward_inference;
  auto forward = CONVOLUTION(forward, kind, direct, x, w, y, v.strides, v.dilation, v.before, v.after);
  call c;
  if (!gradient) {
    memory from = image(c, j, "x", v.x, forward.src_desc()), to = fresh(forward.dst_desc());
    memory kernel = read(j.text("kernel"), file_w, forward.weights_desc());
    step s = {convolution_forward(forward), {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, kernel}, {DNNL_ARG_DST, to}}};
    return finish(c, j, s, to, file_y, &v.y);
  }
  if (op == "grad_x") {
    auto d = HINTED(backward_data, forward, direct, x, w, y, v.strides, v.dilation, v.before, v.after);
    memory from = image(c, j, "g", v.y, d.diff_dst_desc()), to = fresh(d.diff_src_desc());
    memory kernel = read(j.text("kernel"), file_w, d.weights_desc());
    step s = {convolution_backward_data(d),
              {{DNNL_ARG_DIFF_DST, from}, {DNNL_ARG_WEIGHTS, kernel}, {DNNL_ARG_DIFF_SRC, to}}};
    return finish(c, j, s, to, file_x, &v.x);
  }
  auto d = HINTED(backward_weights, forward, direct, x, w, y, v.strides, v.dilation, v.before, v.after);
  memory g = image(c, j, "g", v.y, d.diff_dst_desc()), from = image(c, j, "x", v.x, d.src_desc());
  memory to = fresh(d.diff_weights_desc());
  step s = {convolution_backward_weights(d),
            {{DNNL_ARG_DIFF_DST, g}, {DNNL_ARG_SRC, from}, {DNNL_ARG_DIFF_WEIGHTS, to}}};
  return finish(c, j, s, to, file_w, nullptr);
}

// ---- the others -----------------------------------------------------------------------------------

static call multiply(const job &j) {
  auto m = j.size("m"), k = j.size("k"), n = j.size("n");
  auto turned = [&](char which) { return j.text("turn").find(which) != std::string::npos; };
  auto a = described({m, k}, turned('a') ? tag::ba : tag::ab), b = described({k, n}, turned('b') ? tag::ba : tag::ab);
  auto c = described({m, n}, tag::ab);
#if DNNL_VERSION_MAJOR >= 3
  matmul::primitive_desc d(cpu, a, b, c);
#else
  matmul::primitive_desc d({a, b, c}, cpu);
#endif
  memory to = fresh(c);
  memory x = read(j.text("x"), a, a), y = read(j.text("kernel"), b, b);
  return {{{matmul(d), {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, y}, {DNNL_ARG_DST, to}}}}, to, c};
}

static call transpose(const job &j) {
  dims d = {j.size("n"), j.size("c"), j.size("h"), j.size("w")};
  bool first = j.text("to") == "first";
  auto from = described(d, first ? tag::nhwc : tag::nchw), to = described(d, first ? tag::nchw : tag::nhwc);
  memory x = read(j.text("x"), from, from), y = fresh(to);
  return {{reordering(x, y)}, y, to};
}

#if DNNL_VERSION_MAJOR >= 3
#define DESCRIBED(op, ...) op::primitive_desc(cpu, __VA_ARGS__)
#define POOLED(...) __VA_ARGS__, (dims{0, 0})
#define SHARED(kind, x) kind, algorithm::softmax_accurate, x, x
#define NORMALIZED(kind, x) kind, x, x
#else
#define DESCRIBED(op, ...) op::primitive_desc({__VA_ARGS__}, cpu)
#define POOLED(...) __VA_ARGS__
#define SHARED(kind, x) kind, x
#define NORMALIZED(kind, x) kind, x
#endif

static call made(const primitive &p, std::unordered_map<int, memory> arguments, const memory &result, const memory::desc &plain) {
  return {{{p, std::move(arguments)}}, result, plain};
}

// gamma, beta and, for inference, the mean are all the job's kernel, the variance its absolute values.
static call normalize(const job &j, const memory::desc &d, const memory &x) {
  bool inference = j.text("f") == "norm_inference", gradient = j.text("f") == "norm_gradient";
  auto flags = normalization_flags::use_scale | normalization_flags::use_shift;
  auto kind = inference ? prop_kind::forward_inference : prop_kind::forward_training;
  if (inference) flags = flags | normalization_flags::use_global_stats;
  auto one = described({j.size("c")}, tag::x);
  memory w = read(j.text("kernel"), one, one), mean = fresh(one), var = fresh(one), y = fresh(d);
  if (inference) {
    mean = w, var = read(j.text("kernel"), one, one);
    float *v = (float *)var.get_data_handle();
    for (memory::dim i = 0; i < j.size("c"); i++) v[i] = std::abs(v[i]);
  }
  auto f = DESCRIBED(batch_normalization_forward, NORMALIZED(kind, d), 1e-3f, flags);
  std::unordered_map<int, memory> a = {{DNNL_ARG_SRC, x},   {DNNL_ARG_DST, y},   {DNNL_ARG_SCALE, w},
                                       {DNNL_ARG_SHIFT, w}, {DNNL_ARG_MEAN, mean}, {DNNL_ARG_VARIANCE, var}};
  call forward = made(batch_normalization_forward(f), a, y, d);
  if (!gradient) return forward;
  forward();
#if DNNL_VERSION_MAJOR >= 3
  batch_normalization_backward::primitive_desc b(cpu, prop_kind::backward, d, d, d, 1e-3f, flags, f);
#else
  batch_normalization_backward::primitive_desc b({prop_kind::backward, d, d, 1e-3f, flags}, cpu, f);
#endif
  memory g = read(j.text("g"), d, d), dx = fresh(d);
  a = {{DNNL_ARG_SRC, x},       {DNNL_ARG_MEAN, mean},  {DNNL_ARG_VARIANCE, var},       {DNNL_ARG_DIFF_DST, g},
       {DNNL_ARG_DIFF_SRC, dx}, {DNNL_ARG_SCALE, w},    {DNNL_ARG_DIFF_SCALE, fresh(one)}, {DNNL_ARG_DIFF_SHIFT, fresh(one)}};
  return made(batch_normalization_backward(b), a, dx, d);
}

static call network(const job &j) {
  std::string f = j.text("f");
  auto n = j.size("n"), c = j.size("c"), k = j.size("k"), s = j.size("s");
  auto d = described({n, c, j.size("h"), j.size("w")}, tag::nhwc);
  auto to = described({n, c, j.size("oh"), j.size("ow")}, tag::nhwc);
  auto inference = prop_kind::forward_inference;
  memory x = read(j.text("x"), d, d), y = fresh(to);
  std::unordered_map<int, memory> a = {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}};
  if (f == "max_pool" || f == "average_pool") {
    auto how = f == "max_pool" ? algorithm::pooling_max : algorithm::pooling_avg_exclude_padding;
    dims before = {j.size("top"), j.size("left")}, after = {j.size("bottom"), j.size("right")};
    auto p = DESCRIBED(pooling_forward, inference, how, d, to, POOLED(dims{s, s}, dims{k, k}), before, after);
    return made(pooling_forward(p), a, y, to);
  }
  if (f == "nearest" || f == "bilinear") {
    auto how = f == "nearest" ? algorithm::resampling_nearest : algorithm::resampling_linear;
    auto p = DESCRIBED(resampling_forward, inference, how, d, to);
    return made(resampling_forward(p), a, y, to);
  }
  if (f == "softmax") {
    auto rows = described({j.size("w"), c}, tag::ab);
    memory lines = read(j.text("x"), rows, rows), shares = fresh(rows);
    auto p = DESCRIBED(softmax_forward, SHARED(inference, rows), 1);
    return made(softmax_forward(p), {{DNNL_ARG_SRC, lines}, {DNNL_ARG_DST, shares}}, shares, rows);
  }
  if (f != "bias_relu") return normalize(j, d, x);
  auto one = described({1, c, 1, 1}, tag::nhwc);
  primitive_attr attributes;
  post_ops relu;
#if DNNL_VERSION_MAJOR >= 3
  relu.append_eltwise(algorithm::eltwise_relu, 0, 0);
  attributes.set_post_ops(relu);
  binary::primitive_desc p(cpu, algorithm::binary_add, d, one, d, attributes);
#else
  relu.append_eltwise(1, algorithm::eltwise_relu, 0, 0);
  attributes.set_post_ops(relu);
  binary::primitive_desc p({algorithm::binary_add, d, one, d}, attributes, cpu);
#endif
  memory b = read(j.text("kernel"), one, one);
  return made(binary(p), {{DNNL_ARG_SRC_0, x}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, y}}, y, to);
}

static double best_of(call &c, double seconds) {
  using clock = std::chrono::steady_clock;
  auto since = [](clock::time_point t) { return std::chrono::duration<double>(clock::now() - t).count(); };
  c();
  auto start = clock::now();
  c();
  double best = 1e9, once = since(start);
  int batch = once < 2e-6 ? (int)(1e-5 / (once + 1e-9)) + 1 : 1; // the clock itself takes some 30 ns
  start = clock::now();
  do {
    auto t = clock::now();
    for (int i = 0; i < batch; i++) c();
    best = std::min(best, since(t) / batch);
  } while (since(start) < seconds);
  return best;
}

static call fastest(const job &j) {
  call best;
  double least = 1e9;
  for (tag images : {tag::any, tag::nChw16c, tag::nChw8c, tag::nhwc, tag::nchw}) {
    try {
      call c = convolve(j, images);
      double seconds = best_of(c, 0.003);
      if (seconds < least) least = seconds, best = c;
    } catch (const error &) { // there is no such kernel
    }
  }
  return best;
}

static call prepare(const job &j) {
  if (j.text("dtype") == "float64") throw std::runtime_error("no float64 on CPUs");
  std::string op = j.text("op");
  if (op == "matmul") return multiply(j);
  if (op == "layout") return transpose(j);
  if (op == "nn") return network(j);
  return j.first() || j.text("convolution") == "1" ? fastest(j) : convolve(j, tag::nhwc);
}

// ---- questions and answers ------------------------------------------------------------------------

static std::string answer(const std::string &line, call &c) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  if (word == "setup") {
    job j;
    while (words >> word) j.keys[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    c = call();
    c = prepare(j);
    return "";
  }
  if (word == "version") {
    const version_t *v = dnnl_version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }
  if (word == "time") {
    double seconds;
    words >> seconds;
    return std::to_string(best_of(c, seconds) * 1e6) + "e-6";
  }
  words >> word;
  c();
  memory m = as(c.result, c.plain);
  std::ofstream(word, std::ios::binary).write((char *)m.get_data_handle(), (std::streamsize)m.get_desc().get_size());
  return "";
}

int main(int argc, char **argv) {
  omp_set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  call c;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::string rest = answer(line, c);
      std::cout << "ok " << rest << std::endl;
    } catch (const std::exception &e) {
      std::cout << "skip " << e.what() << std::endl;
    }
  }
}

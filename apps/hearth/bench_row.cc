// SPDX-License-Identifier: Apache-2.0
#include "bench_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/json.h"
#include "base/running_mean.h"
#include "base/utf8.h"
#include "build_info.h"
#include "host/cpu.h"
#include "kernels/ceilings.h"

namespace hearth::app {
namespace {

// What llama-bench tells of devices and placement, as it is where there is the CPU alone: programs
// that read its output find the fields that they look for.
void add_placement(Json& row, const BenchSetting& setting) {
  row["n_gpu_layers"] = 0;
  row["n_cpu_moe"] = 0;
  row["split_mode"] = "none";
  row["main_gpu"] = 0;
  row["no_kv_offload"] = false;
  row["flash_attn"] = 1;
  row["devices"] = "none";
  row["tensor_split"] = "0.00";
  row["tensor_buft_overrides"] = "none";
  row["load_mode"] = setting.load_mode;
  row["lazy_mode"] = "off";
  row["embeddings"] = false;
  row["no_op_offload"] = 0;
  row["no_host"] = false;
  row["repack"] = true;
  row["fit_target"] = 0;
  row["fit_min_ctx"] = 0;
}

// Of the last measurement before repetition i, those in its pauses and the one after it.
model::Ceilings ceilings_beside(const BenchResult& result, std::size_t i) {
  std::vector<model::Ceilings> beside{result.ceilings[i].back()};
  beside.insert(beside.end(), result.ceilings[i + 1].begin(), result.ceilings[i + 1].end());
  return model::mean_of(beside);
}

// Figures of one phase, or of the whole repetition.
struct Figures {
  RunningMean ns, speed, share;
  std::vector<double> speeds, shares;
  std::map<std::string, double> bound_seconds;  // which ceiling binds, and for how long

  void add(std::uint64_t phase_ns, std::uint64_t n_tokens, double least_seconds) {
    const double seconds = static_cast<double>(std::max<std::uint64_t>(phase_ns, 1)) * 1e-9;
    ns.add(static_cast<double>(phase_ns));
    speeds.push_back(static_cast<double>(n_tokens) / seconds);
    speed.add(speeds.back());
    shares.push_back(least_seconds / seconds);
    share.add(shares.back());
  }
  std::string bound() const {
    const auto longest =
        std::ranges::max_element(bound_seconds, {}, [](const auto& entry) { return entry.second; });
    return longest == bound_seconds.end() ? "" : longest->first;
  }
};

struct AllFigures {
  Figures whole, prompt, generation;

  explicit AllFigures(const BenchResult& result) {
    CHECK(result.ceilings.size() == result.samples.size() + 1);
    for (std::size_t i = 0; i < result.samples.size(); ++i) {
      const model::Ceilings ceilings = ceilings_beside(result, i);
      const engine::BenchSample& sample = result.samples[i];
      double least_seconds = 0;
      for (const auto& [phase, figures] :
           {std::pair(&sample.prompt, &prompt), std::pair(&sample.generation, &generation)}) {
        if (phase->n_tokens == 0) continue;
        const model::LeastTime least = model::least_time(phase->work, ceilings);
        least_seconds += least.seconds;
        figures->add(phase->ns, phase->n_tokens, least.seconds);
        figures->bound_seconds[model::name_of(least.bound)] += least.seconds;
        whole.bound_seconds[model::name_of(least.bound)] += least.seconds;
      }
      whole.add(sample.prompt.ns + sample.generation.ns,
                sample.prompt.n_tokens + sample.generation.n_tokens, least_seconds);
    }
  }
};

void add_phase(Json& row, const std::string& name, const Figures& figures) {
  row["t_" + name] = figures.ns.mean() * 1e-9;
  row["speed_" + name] = figures.speed.mean();
  row["stddev_speed_" + name] = figures.speed.standard_deviation();
  row["share_" + name] = figures.share.mean();
  row["bound_" + name] = figures.bound();
}

void add_ceiling(Json& row, const std::string& name, const char* how, const BenchResult& result,
                 double model::Ceilings::* which) {
  RunningMean mean;
  for (const std::vector<model::Ceilings>& some : result.ceilings)
    for (const model::Ceilings& ceilings : some) mean.add(ceilings.*which);
  row["ceiling_" + name] = mean.mean();
  row["stddev_ceiling_" + name] = mean.standard_deviation();
  row["how_" + name] = how;
}

}  // namespace

BenchModel describe_model(const std::string& name, const format::Gguf& gguf) {
  BenchModel model{.file = name};
  std::map<format::TensorType, std::uint64_t> bytes_of;
  for (const format::Tensor& tensor : gguf.tensors()) {
    model.size_bytes += tensor.bytes.size();
    model.n_params += tensor.n_elements();
    bytes_of[tensor.type] += tensor.bytes.size();
  }
  const auto most =
      std::ranges::max_element(bytes_of, {}, [](const auto& entry) { return entry.second; });
  std::string arch = "?";
  if (const auto named = gguf.get_string("general.architecture"); named.has_value())
    arch = to_valid_utf8(named->value_or(arch));
  const auto n_params = static_cast<double>(model.n_params);
  model.type =
      fmt::format("{} {} {}", arch,
                  n_params < 1e9 ? fmt::format("{:.0f}M", n_params / 1e6)
                                 : fmt::format("{:.1f}B", n_params / 1e9),
                  most == bytes_of.end() ? "" : std::string(format::type_info(most->first).name));
  return model;
}

Json bench_row(const BenchResult& result) {
  static const std::string cpu_model = host::cpu_features().model;
  const BenchCase& what = result.what;
  const AllFigures figures(result);
  Json row;
  row["build_commit"] = kBuildCommit;
  row["build_number"] = kBuildNumber;
  row["cpu_info"] = cpu_model;
  row["gpu_info"] = "";
  row["backends"] = "CPU";
  row["model_filename"] = result.model.file;
  row["model_type"] = result.model.type;
  row["model_size"] = result.model.size_bytes;
  row["model_n_params"] = result.model.n_params;
  row["n_batch"] = what.n_batch;
  row["n_ubatch"] = what.n_ubatch;
  row["n_threads"] = what.n_threads;
  row["cpu_mask"] = result.setting.cpu_mask;
  row["cpu_strict"] = result.setting.cpu_strict;
  row["poll"] = result.setting.poll;
  row["type_k"] = kernels::kv_type_name(what.k_type);
  row["type_v"] = kernels::kv_type_name(what.v_type);
  add_placement(row, result.setting);
  row["n_prompt"] = what.test.n_prompt;
  row["n_gen"] = what.test.n_gen;
  row["n_depth"] = what.test.n_depth;
  row["test_time"] = result.test_time;
  row["avg_ns"] = static_cast<std::uint64_t>(figures.whole.ns.mean());
  row["stddev_ns"] = static_cast<std::uint64_t>(figures.whole.ns.standard_deviation());
  row["avg_ts"] = figures.whole.speed.mean();
  row["stddev_ts"] = figures.whole.speed.standard_deviation();

  // Our own. Of many sequences at once with the names of llama-batched-bench.
  row["isa"] = kernels::active().name;
  row["pl"] = what.test.n_sequences;
  row["n_kv"] = std::uint64_t{what.test.n_sequences} *
                (what.test.n_depth + what.test.n_prompt + what.test.n_gen);
  row["share"] = figures.whole.share.mean();
  row["stddev_share"] = figures.whole.share.standard_deviation();
  row["bound"] = figures.whole.bound();
  add_phase(row, "pp", figures.prompt);
  add_phase(row, "tg", figures.generation);
  model::Work work;
  if (!result.samples.empty()) {
    work += result.samples[0].prompt.work;
    work += result.samples[0].generation.work;
  }
  row["int8_macs"] = work.int8_macs;
  row["float_macs"] = work.float_macs;
  row["read_bytes"] = work.read_bytes;
  add_ceiling(row, "int8", kernels::best_ceiling(false).name, result, &model::Ceilings::int8_macs);
  add_ceiling(row, "float", kernels::best_ceiling(true).name, result, &model::Ceilings::float_macs);
  add_ceiling(row, "read", kernels::read_loop().name, result, &model::Ceilings::read_bytes);

  Json samples_ns = Json::array();
  for (const engine::BenchSample& sample : result.samples)
    samples_ns.push_back(sample.prompt.ns + sample.generation.ns);
  row["samples_ns"] = std::move(samples_ns);
  row["samples_ts"] = figures.whole.speeds;
  row["samples_share"] = figures.whole.shares;
  return row;
}

}  // namespace hearth::app

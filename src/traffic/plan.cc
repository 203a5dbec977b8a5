// SPDX-License-Identifier: Apache-2.0
#include "traffic/plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "traffic/random.h"

namespace hearth::traffic {
namespace {

std::uint32_t draw_length(Random& random, std::uint32_t n, double ratio) {
  const double least = std::floor(n * (1 - ratio)), most = std::ceil(n * (1 + ratio));
  const double drawn = least + std::floor(random.uniform() * (most - least + 1));
  return static_cast<std::uint32_t>(std::max(1.0, std::min(drawn, most)));
}

// Class i gets the requests between its share of the weights and the next one's.
std::vector<std::size_t> deal_classes(const Workload& workload) {
  std::uint64_t total = 0, before = 0;
  for (const RequestClass& one : workload.classes) total += one.weight;
  CHECK(total > 0);
  std::vector<std::size_t> classes;
  for (std::size_t i = 0; i < workload.classes.size(); ++i) {
    before += workload.classes[i].weight;
    classes.resize((workload.n_requests * before + total / 2) / total, i);
  }
  return classes;
}

}  // namespace

std::vector<PlannedRequest> make_plan(const Workload& workload) {
  Random random(workload.seed);
  std::vector<std::size_t> classes = deal_classes(workload);
  for (std::size_t i = classes.size(); i > 1; --i)
    std::swap(classes[i - 1], classes[random.below(i)]);
  std::vector<PlannedRequest> plan;
  double at = 0;
  for (const std::size_t index : classes) {
    const RequestClass& one = workload.classes[index];
    PlannedRequest planned{.class_index = index};
    planned.n_input = draw_length(random, one.n_input, workload.range_ratio);
    planned.n_output = draw_length(random, one.n_output, workload.range_ratio);
    planned.at = at;
    if (std::isfinite(workload.rate))
      at += random.gamma(workload.burstiness) / (workload.rate * workload.burstiness);
    plan.push_back(planned);
  }
  return plan;
}

}  // namespace hearth::traffic

// SPDX-License-Identifier: Apache-2.0
#include "model/forward.h"

#include "base/check.h"

namespace hearth::model {
namespace {

// Where a result lies: with the device of the last step that writes it.
DeviceId device_of(const Plan& plan, BufferId result) {
  DeviceId device = 0;
  for (const Step& step : plan.steps)
    if (step.op != Op::transfer && step.out == result) device = step.device;
  return device;
}

}  // namespace

Forward::Forward(const Plan& plan, std::vector<Executor*> executors, const ExecutorLimits& limits)
    : plan_(plan),
      executors_(std::move(executors)),
      logits_device_(device_of(plan, BufferId::logits)),
      hidden_device_(device_of(plan, BufferId::hidden)) {
  CHECK(executors_.size() >= plan.n_devices);
  logits_rows_.reserve(limits.max_wanted);
  hidden_rows_.reserve(limits.max_rows);
  logits_.resize(std::size_t{limits.max_wanted} * plan.width_of(BufferId::logits));
  hidden_.resize(std::size_t{limits.max_rows} * plan.width_of(BufferId::hidden));
  if (plan.n_devices > 1) {
    std::size_t widest = 0;
    for (const Step& step : plan.steps)
      if (step.op == Op::transfer) widest = std::max<std::size_t>(widest, plan.width_of(step.out));
    transfer_.resize(widest * std::max(limits.max_rows, limits.max_wanted));
  }
}

bool Forward::run(const Batch& batch, const std::atomic<bool>* stop,
                  std::atomic<std::uint64_t>* progress) {
  logits_rows_.clear();
  hidden_rows_.clear();
  for (std::uint32_t row = 0; row < batch.rows.size(); ++row) {
    if (batch.rows[row].wanted == Wanted::logits) logits_rows_.push_back(row);
    if (batch.rows[row].wanted == Wanted::hidden) hidden_rows_.push_back(row);
  }
  const RunContext context{&batch, logits_rows_, hidden_rows_, stop, progress};
  const auto n_logits = static_cast<std::uint32_t>(logits_rows_.size());
  const auto n_hidden = static_cast<std::uint32_t>(hidden_rows_.size());

  const std::span<const Step> steps = plan_.steps;
  std::size_t begin = 0;
  while (begin < steps.size()) {
    const Step& first = steps[begin];
    if (first.op == Op::transfer) {
      const auto all_rows = static_cast<std::uint32_t>(batch.rows.size());
      const std::uint32_t n_rows = first.out == BufferId::hidden  ? n_hidden
                                   : holds_wanted_rows(first.out) ? n_logits
                                                                  : all_rows;
      executors_[first.from_device]->read(first.out, n_rows, transfer_.data());
      executors_[first.device]->write(first.out, n_rows, transfer_.data());
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < steps.size() && steps[end].op != Op::transfer && steps[end].device == first.device)
      ++end;
    if (!executors_[first.device]->run(steps.subspan(begin, end - begin), context)) return false;
    begin = end;
  }
  if (n_logits > 0) executors_[logits_device_]->read(BufferId::logits, n_logits, logits_.data());
  if (n_hidden > 0) executors_[hidden_device_]->read(BufferId::hidden, n_hidden, hidden_.data());
  return true;
}

std::span<const float> Forward::logits(std::uint32_t i) const {
  const std::size_t width = plan_.width_of(BufferId::logits);
  return std::span(logits_).subspan(i * width, width);
}

std::span<const float> Forward::hidden(std::uint32_t i) const {
  const std::size_t width = plan_.width_of(BufferId::hidden);
  return std::span(hidden_).subspan(i * width, width);
}

void Forward::copy_block(BlockId from, BlockId to) {
  for (Executor* executor : executors_) executor->copy_block(from, to);
}

std::size_t Forward::block_bytes() const {
  std::size_t bytes = 0;
  for (const Executor* executor : executors_) bytes += executor->block_bytes();
  return bytes;
}

void Forward::read_block(BlockId block, std::byte* out) const {
  for (const Executor* executor : executors_) {
    executor->read_block(block, out);
    out += executor->block_bytes();
  }
}

void Forward::write_block(BlockId block, const std::byte* bytes) {
  for (Executor* executor : executors_) {
    executor->write_block(block, bytes);
    bytes += executor->block_bytes();
  }
}

}  // namespace hearth::model

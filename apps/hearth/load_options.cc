// SPDX-License-Identifier: Apache-2.0
#include "load_options.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/escape.h"
#include "kernels/kernels.h"
#include "kernels/packed.h"
#include "store/store.h"

namespace hearth::app {
namespace {

using model::LoadMode;

// A disk with less free than this is short: a cache is no reason to fill it up.
constexpr std::uint64_t kReserveBytes = std::uint64_t{4} << 30;

std::shared_ptr<const UniqueFd> shared(UniqueFd fd) {
  return std::make_shared<const UniqueFd>(std::move(fd));
}

}  // namespace

store::PreparedName prepared_name(const store::Manifest& manifest) {
  return {.key = store::contents_key(manifest),
          .layout = fmt::format("panels-v{}", kernels::kPackedLayoutVersion)};
}

void LoadFlags::declare(Flags& machine) {
  machine
      .add("-lm,--load-mode", mode_,
           fmt::format("how weights come into memory: {} (default auto)",
                       fmt::join(model::kLoadModeNames, ", ")))
      .value("MODE")
      .choices({model::kLoadModeNames.begin(), model::kLoadModeNames.end()})
      .variable("LOAD_MODE");
  machine.add("--mmap", mmap_, "the same as -lm mmap").rare();
  machine.add("--no-mmap", no_mmap_, "the same as -lm none; with --mlock, as -lm mlock")
      .variable("NO_MMAP")
      .rare();
  machine.add("--mlock", mlock_, "the same as -lm mmap+mlock").variable("MLOCK").rare();
  machine.add("-dio,--direct-io", dio_, "the same as -lm dio").rare();
  machine.add("-ndio,--no-direct-io", no_dio_, "the same as -lm auto").rare();
  machine.add("--no-prepared", no_prepared_,
              "neither use nor write a prepared copy of the packed weights");
  machine
      .add("--prepared-budget", budget_gib_,
           "GiB of disk that prepared copies may take together (default 20; 0: none)")
      .value("GIB")
      .variable("PREPARED_BUDGET")
      .rare();
  machine.add("--no-warmup", no_warmup_, "accepted: no token is computed before the first prompt")
      .rare();
}

Result<LoadMode> LoadFlags::mode() const {
  const auto known = model::load_mode_named(mode_);
  if (!known)
    return fail(ErrorCode::usage, "-lm {}: a load mode is one of {}", printable(mode_, 40),
                fmt::join(model::kLoadModeNames, ", "));
  if (*known != LoadMode::automatic) return *known;
  if (dio_ && !no_dio_) return LoadMode::dio;
  if (mlock_) return no_mmap_ ? LoadMode::mlock : LoadMode::mmap_mlock;
  if (no_mmap_) return LoadMode::none;
  return mmap_ ? LoadMode::mmap : LoadMode::automatic;
}

engine::PreparedOffer LoadFlags::offer(const fetch::FoundModel& found) const {
  engine::PreparedOffer offer;
  if (!uses_prepared() || !found.manifest || !kernels::active().packed) return offer;
  const auto store = store::Store::open_default();
  if (!store) return offer;
  const store::PreparedName name = prepared_name(*found.manifest);
  offer.key = name.key;
  if (auto copy = store::open_prepared(*store, name)) {
    offer.from = shared(std::move(*copy));
    offer.done = [store = *store, name](const model::WeightsReport& report) {
      if (!report.refused.empty()) static_cast<void>(store::remove_prepared(store, name));
    };
    return offer;
  }
  // A copy is a little larger than the file's own weights: panels are filled up with zeros.
  const std::uint64_t n_bytes = found.manifest->total_bytes();
  auto begun = store::PreparedDraft::begin(
      *store, name, n_bytes,
      {.budget_bytes = std::uint64_t{budget_gib_} << 30, .reserve_bytes = kReserveBytes});
  if (!begun) return offer;
  const auto draft = std::make_shared<store::PreparedDraft>(std::move(*begun));
  UniqueFd into(::fcntl(draft->fd(), F_DUPFD_CLOEXEC, 0));
  if (!into) return offer;
  offer.into = shared(std::move(into));
  offer.done = [draft](const model::WeightsReport& report) {
    // A model that was removed meanwhile, a store that turned read-only: the answer matters more.
    if (report.wrote_copy) static_cast<void>(draft->keep());
  };
  return offer;
}

}  // namespace hearth::app

// SPDX-License-Identifier: Apache-2.0
#include "smaller_in_store.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "engine/smaller_model.h"
#include "model_source.h"
#include "store/store.h"

namespace hearth::app {
namespace {

// The largest first.
std::vector<store::Manifest> models_below(std::uint64_t below_bytes) {
  const auto store = store::Store::open_default();
  if (!store) return {};
  auto listing = store->list();
  if (!listing) return {};
  std::ranges::sort(listing->models, std::greater(), &store::Manifest::total_bytes);
  std::erase_if(listing->models, [&](const store::Manifest& manifest) {
    return manifest.total_bytes() >= below_bytes;
  });
  return std::move(listing->models);
}

}  // namespace

std::string smaller_in_store(const format::ModelFiles& refused, const engine::LoadOptions& options,
                             std::uint64_t available_bytes) {
  const auto find = engine::smaller_among(smaller_opened_now(refused.total_bytes()));
  return find(refused, options, available_bytes);
}

std::vector<engine::Candidate> smaller_opened_now(std::uint64_t below_bytes, std::size_t most) {
  std::vector<engine::Candidate> opened;
  for (const store::Manifest& manifest : models_below(below_bytes)) {
    if (opened.size() == most) break;
    if (auto shards = open_model(manifest.name, true))
      opened.push_back({manifest.name, std::move(*shards)});
  }
  return opened;
}

}  // namespace hearth::app

// SPDX-License-Identifier: Apache-2.0
//
// Where the matrices of one device lie for its kernels. Quantised ones are panels
// (kernels/packed.h), in memory of our own or in a mapped prepared copy (model/prepared_file.h).
// What a table reads in rows stays where the file is mapped, or is copied (LoadMode::none).
// weight_loader.h fills it; after that any thread may read.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "model/page_memory.h"
#include "model/plan.h"
#include "model/prepared_file.h"

namespace hearth::kernels {
struct Kernels;
}

namespace hearth::model {

class PackedWeights {
 public:
  enum class Rows : bool { stay_mapped, are_copied };

  // Gives every matrix of the device its place; allocates nothing. does_not_fit on overflow.
  Result<void> lay_out(const Plan& plan, DeviceId device, const kernels::Kernels& table, Rows rows);

  // Memory of our own for all of it, or a mapped copy whose panels, panel_bytes() of them, begin at
  // `offset`. The later call counts.
  Result<void> allocate();
  void use_mapping(MappedFile copy, std::size_t offset);

  bool is_panels(TensorId tensor) const { return places_[tensor].kind == Kind::panels; }
  bool is_copied_rows(TensorId tensor) const { return places_[tensor].kind == Kind::rows; }
  // Of all panels, and what fills up the last page with zeros.
  std::size_t panel_bytes() const { return panel_bytes_; }
  PreparedLayout prepared_layout(std::string key) const;

  // What was allocated: all panels, in the order of the plan's tensors, then copied rows.
  std::span<std::byte> memory() const { return {memory_.data(), memory_.size()}; }
  std::byte* memory_of(TensorId tensor) const { return memory_.data() + places_[tensor].offset; }
  const MappedFile& mapping() const { return mapping_; }

  // Row 0 for kernels::MatmulArgs: of the panels, or of rows.
  const void* matrix(TensorId tensor) const;
  // Row 0 as the file has rows, of any tensor.
  const std::byte* rows(TensorId tensor) const;

 private:
  enum class Kind : std::uint8_t { in_file, panels, rows };
  struct Place {
    Kind kind = Kind::in_file;
    std::size_t offset = 0;  // from the first panel on
  };

  const Plan* plan_ = nullptr;
  std::vector<Place> places_;  // by tensor
  std::size_t panel_bytes_ = 0, total_bytes_ = 0;
  PageMemory memory_;
  MappedFile mapping_;
  const std::byte* base_ = nullptr;  // the first panel
};

}  // namespace hearth::model

// SPDX-License-Identifier: Apache-2.0
//
// Measures the ceilings of this machine (kernels/ceilings.h) with a number of threads, all at once
// for 0.03 seconds. A figure is the sum of what each thread did by the time that it took, as the
// clock on the wall goes: other programs show in it as they show in what is measured beside it.
//
// One thread calls; the helpers sleep between calls.
#pragma once

#include <atomic>
#include <memory>

#include "base/error.h"
#include "base/thread_pool.h"
#include "kernels/ceilings.h"
#include "model/page_memory.h"
#include "model/roofline.h"

namespace hearth::model {

class CeilingMeter {
 public:
  // n_cpus: as for ThreadPool. Takes memory to read, much more than the caches hold: half a GiB,
  // less where a quarter of available_bytes is less.
  static Result<std::unique_ptr<CeilingMeter>> create(unsigned n_threads, unsigned n_cpus,
                                                      std::uint64_t available_bytes);

  // Multiply-adds a second. The ceiling is usable here.
  double macs_per_second(const kernels::Ceiling& ceiling);
  double read_bytes_per_second();
  // The best int8 and float ceilings of this machine and reading, about a tenth of a second in all.
  Ceilings measure();

  unsigned n_threads() const { return pool_.size(); }

 private:
  CeilingMeter(unsigned n_threads, unsigned n_cpus, PageMemory memory);
  void touch_pages();
  // How often a second the threads together do a piece of work.
  double rate_of(TaskRef piece);

  ThreadPool pool_;
  PageMemory memory_;
  std::unique_ptr<kernels::CeilingOperands> operands_;
  std::atomic<std::size_t> next_chunk_ = 0;  // of the memory, to be read by whoever comes
};

}  // namespace hearth::model

// SPDX-License-Identifier: Apache-2.0
//
// What this CPU could do at best: for each instruction set a loop of nothing but its multiply-adds,
// with so many independent sums that no latency shows, and a loop that reads memory. Speeds are
// told as shares of these (model/roofline.h).
//
// Every loop is assembly: a compiler can neither remove nor rewrite it, and the sums that come out
// prove that it was run. Its file needs no flags of an instruction set, so nothing of one can leak.
// No threads and no clock here: callers run a loop on as many threads as they like and time it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "host/cpu.h"

namespace hearth::kernels {

// How lanes of sums come from the operands; n-th lane, operands a and b.
enum class CeilingForm : uint8_t {
  dot4_u8s8,   // int32 += a[4n..] . b[4n..], bytes of a unsigned: vpdpbusd
  pair_u8s8,   // int16 += a[2n..] . b[2n..] (saturated before it is added): vpmaddubsw
  pair_s16,    // int32 += a[2n..] . b[2n..] of 16-bit words: pmaddwd
  tile_u8s8,   // int32 [16][16] += a [16][64] times b [16][16][4]: tdpbusd
  dot4_s8,     // int32 += a[4n..] . b[4n..], both signed: sdot
  block_s8,    // int32 [2][2] += a [2][8] times b [2][8] transposed: smmla
  single_s8,   // int16 += a[n] * b[n], both signed: smlal
  single_f32,  // float += a[n] * b[n]
};

// What the loops multiply: random, since the power and so the clock may depend on it. Float values
// are small integers. Chain c multiplies the operands c % 2.
struct CeilingOperands {
  alignas(64) uint8_t a[2][1024];
  alignas(64) int8_t b[2][1024];
  alignas(64) float float_a[2][16];
  alignas(64) float float_b[2][16];
};
void fill_operands(uint64_t seed, CeilingOperands& operands);

inline constexpr size_t kCeilingSumBytes = 4096;

struct Ceiling {
  const char* name;  // "vpdpbusd, 512 bit"
  CeilingForm form;
  uint32_t chains, lanes;  // independent sums, and how many lanes each has
  uint32_t macs_per_lane;  // multiply-adds that one round adds to a lane
  // Sums of `rounds` rounds, from zero: [chain][lane]. 64-byte aligned, kCeilingSumBytes.
  void (*run)(const CeilingOperands& operands, uint64_t rounds, void* sums);
  bool usable;
  const char* missing;  // what the CPU or system lacks, "" when usable

  bool is_float() const { return form == CeilingForm::single_f32; }
  uint64_t macs_per_round() const { return uint64_t{chains} * lanes * macs_per_lane; }
};

struct ReadLoop {
  const char* name;  // "512-bit loads"
  // The sum of all 32-bit words. 64-byte aligned; n_bytes is a multiple of kReadStep.
  uint32_t (*sum)(const void* bytes, size_t n_bytes);
};
inline constexpr size_t kReadStep = 1024;

// All of this architecture, of each kind (int8, float) the fastest first. Asks the system for the
// tile registers where the CPU has them.
std::vector<Ceiling> ceilings_for(const host::CpuFeatures& cpu);
// Those of this machine; static.
const std::vector<Ceiling>& all_ceilings();
// The first usable one of a kind; every machine has one of each.
const Ceiling& best_ceiling(bool is_float);
// The widest loads of this machine.
const ReadLoop& read_loop();

}  // namespace hearth::kernels

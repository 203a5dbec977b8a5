// SPDX-License-Identifier: Apache-2.0
#include "model/weight_loader.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "base/file.h"
#include "kernels/packed.h"
#include "model/append_bytes.h"
#include "model/page_memory.h"
#include "model/tensor_reader.h"

namespace hearth::model {
namespace {

using kernels::kPanelRows;

// Work between two looks at whether loading goes on.
constexpr std::size_t kStep = std::size_t{8} << 20;

class WeightLoader {
 public:
  WeightLoader(const Plan& plan, DeviceId device, const WeightLoading& loading, ThreadPool& pool,
               const LoadProgress& progress, PackedWeights& weights)
      : plan_(plan),
        device_(device),
        loading_(loading),
        pool_(pool),
        progress_(progress),
        weights_(weights),
        reader_(maps(loading.mode) ? std::vector<int>() : loading.shard_fds,
                loading.mode == LoadMode::dio) {}

  Result<WeightsReport> load(const kernels::Kernels& table) {
    using Rows = PackedWeights::Rows;
    TRY(weights_.lay_out(plan_, device_, table,
                         maps(loading_.mode) ? Rows::stay_mapped : Rows::are_copied));
    report_.panel_bytes = weights_.panel_bytes();
    for (const PlanTensor& tensor : plan_.tensors)
      if (tensor.device == device_) total_ += tensor.source->bytes.size();
    const bool is_prepared = weights_.panel_bytes() > 0 && TRY(take_prepared());
    if (!is_prepared) {
      if (weights_.memory().empty()) TRY(weights_.allocate());
      TRY(pack_all());
    }
    TRY(take_rest());
    if (locks(loading_.mode)) lock_all();
    if (!going_on(0)) return cancelled();
    return std::move(report_);
  }

 private:
  bool going_on(std::size_t of_current) const {
    return !progress_ || progress_(std::min(done_ + of_current, total_), total_);
  }
  static std::unexpected<Error> cancelled() {
    return fail(ErrorCode::cancelled, "loading was cancelled");
  }

  // --- a prepared copy ---

  // False where there is none that can be used.
  Result<bool> take_prepared() {
    if (loading_.prepared_fd < 0) return false;
    const PreparedLayout layout = weights_.prepared_layout(loading_.key);
    const auto hashes = read_prepared_header(loading_.prepared_fd, layout);
    if (!hashes) return refuse(hashes.error().message);
    const bool is_mapped = maps(loading_.mode);
    if (is_mapped) {
      auto copy = MappedFile::map(loading_.prepared_fd, "the prepared copy");
      if (!copy) return refuse(copy.error().message);
      if (copy->bytes().size() != layout.file_bytes()) return refuse("it changed meanwhile");
      weights_.use_mapping(std::move(*copy), layout.header_bytes());
    } else {
      TRY(weights_.allocate());
    }
    if (!TRY(take_chunks(layout, *hashes, is_mapped))) return false;
    report_.origin =
        is_mapped ? WeightsReport::Origin::prepared_mapped : WeightsReport::Origin::prepared_read;
    for (std::size_t i = 0; i < plan_.tensors.size(); ++i)
      if (is_panels(i)) done_ += plan_.tensors[i].source->bytes.size();
    return true;
  }

  bool refuse(std::string why) {
    report_.refused = std::move(why);
    return false;
  }

  // Reads or faults in chunk after chunk, all workers at once, and compares the hashes.
  Result<bool> take_chunks(const PreparedLayout& layout, std::span<const std::uint64_t> hashes,
                           bool is_mapped) {
    const std::size_t n_each = std::size_t{4} * pool_.size();
    const std::uint64_t panels_at = layout.header_bytes();
    std::atomic<bool> is_good{true};
    const DirectReads direct(loading_.prepared_fd, loading_.mode == LoadMode::dio);
    for (std::size_t first = 0; first < hashes.size(); first += n_each) {
      const std::size_t n = std::min(n_each, hashes.size() - first);
      for_each_item(pool_, n, 1, [&](std::size_t i, unsigned) {
        const std::size_t chunk = first + i;
        if (!take_chunk(panels_at, chunk * kPreparedChunk, layout.chunk_bytes(chunk), is_mapped,
                        hashes[chunk]))
          is_good = false;
      });
      if (!is_good) return refuse("it is damaged");
      if (!going_on(std::min<std::size_t>((first + n) * kPreparedChunk, layout.panel_bytes)))
        return cancelled();
    }
    return true;
  }

  bool take_chunk(std::uint64_t panels_at, std::size_t at, std::size_t n, bool is_mapped,
                  std::uint64_t hash) const {
    if (!is_mapped) {
      const auto into = weights_.memory().subspan(at, n);
      return read_at(loading_.prepared_fd, panels_at + at, into).has_value() &&
             hash_of_chunk(into) == hash;
    }
    const auto bytes =
        weights_.mapping().bytes().subspan(static_cast<std::size_t>(panels_at) + at, n);
#ifdef MADV_POPULATE_READ
    // One call for a thousand page faults; an older kernel takes those instead.
    static_cast<void>(::madvise(const_cast<std::byte*>(bytes.data()), n, MADV_POPULATE_READ));
#endif
    return hash_of_chunk(bytes) == hash;
  }

  // --- packing ---

  Result<void> pack_all() {
    const PreparedLayout layout = weights_.prepared_layout(loading_.key);
    const auto panels = weights_.memory().first(weights_.panel_bytes());
    std::optional<PreparedWriter> writer;
    const auto keep_writing = [&](Result<void> written) {
      if (written) return;
      report_.not_written = written.error().message;
      writer.reset();
    };
    if (loading_.copy_fd >= 0 && !panels.empty()) {
      auto created = PreparedWriter::create(loading_.copy_fd, layout, panels);
      if (created) writer = *created;
      if (!created) report_.not_written = created.error().message;
    }
    for (std::size_t i = 0; i < plan_.tensors.size(); ++i) {
      if (!is_panels(i)) continue;
      TRY(pack(static_cast<TensorId>(i), [&](std::size_t ready) {
        if (writer) keep_writing(writer->advance(ready));
      }));
      done_ += plan_.tensors[i].source->bytes.size();
    }
    if (writer) keep_writing(writer->finish());
    report_.wrote_copy = writer.has_value();
    return {};
  }

  // Told after each step how many bytes of all panels are final.
  template <class Ready>
  Result<void> pack(TensorId id, Ready&& ready) {
    const format::Tensor& tensor = *plan_.tensors[id].source;
    const auto type = static_cast<kernels::WeightType>(tensor.type);
    const std::size_t k = tensor.dims[0], n_rows = tensor.dims[1];
    const std::size_t row_bytes = tensor.bytes.size() / n_rows;
    const std::size_t panel_bytes = kernels::packed_panel_bytes(type, k);
    std::byte* const panels = weights_.memory_of(id);
    const std::size_t rows_each =
        std::max<std::size_t>(1, kStep / (kPanelRows * row_bytes)) * kPanelRows;
    for (std::size_t first = 0; first < n_rows; first += rows_each) {
      const std::size_t n = std::min(rows_each, n_rows - first);
      const auto rows = TRY(reader_.read(tensor, first * row_bytes, n * row_bytes));
      const std::size_t n_panels = (n + kPanelRows - 1) / kPanelRows;
      std::byte* const out = panels + first / kPanelRows * panel_bytes;
      for_each_item(pool_, n_panels, 4, [&](std::size_t i, unsigned) {
        const std::size_t row = i * kPanelRows;
        kernels::pack_panel(type, &rows[row * row_bytes], row_bytes, k,
                            std::min(kPanelRows, n - row), out + i * panel_bytes);
      });
      TensorReader::release(tensor, (first + n) * row_bytes);
      ready(static_cast<std::size_t>(out - weights_.memory().data()) + n_panels * panel_bytes);
      if (!going_on((first + n) * row_bytes)) return cancelled();
    }
    return {};
  }

  // --- what is no panels ---

  // Copied, or touched where it is mapped, one byte a page: it comes into memory here, with
  // progress, instead of stalling the first request.
  Result<void> take_rest() {
    for (std::size_t i = 0; i < plan_.tensors.size(); ++i) {
      const PlanTensor& tensor = plan_.tensors[i];
      if (tensor.device != device_ || is_panels(i)) continue;
      const std::span<const std::byte> bytes = tensor.source->bytes;
      if (tensor.use == TensorUse::vector) {  // the executor's own
        done_ += bytes.size();
        continue;
      }
      const bool is_copied = weights_.is_copied_rows(static_cast<TensorId>(i));
      for (std::size_t at = 0; at < bytes.size(); at += kStep) {
        const std::size_t n = std::min(kStep, bytes.size() - at);
        if (is_copied) {
          const auto from = TRY(reader_.read(*tensor.source, at, n));
          std::memcpy(weights_.memory_of(static_cast<TensorId>(i)) + at, from.data(), n);
          TensorReader::release(*tensor.source, at + n);
        } else {
          for (std::size_t page = at; page < at + n; page += kSmallPage)
            static_cast<void>(*static_cast<const volatile std::byte*>(&bytes[page]));
        }
        if (!going_on(at + n)) return cancelled();
      }
      done_ += bytes.size();
    }
    return {};
  }

  bool is_panels(std::size_t i) const {
    return plan_.tensors[i].device == device_ && weights_.is_panels(static_cast<TensorId>(i));
  }

  // --- keeping it in memory ---

  void lock_all() {
    lock(std::as_bytes(weights_.memory()));
    lock(weights_.mapping().bytes());
    if (!maps(loading_.mode)) return;
    for (std::size_t i = 0; i < plan_.tensors.size(); ++i)
      if (plan_.tensors[i].device == device_ && !is_panels(i)) lock(plan_.tensors[i].source->bytes);
  }

  void lock(std::span<const std::byte> bytes) {
    if (bytes.empty() || !report_.not_locked.empty()) return;
    if (::mlock(bytes.data(), bytes.size()) == 0) {
      report_.locked_bytes += bytes.size();
      return;
    }
    const int error_number = errno;
    rlimit limit{};
    ::getrlimit(RLIMIT_MEMLOCK, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) {
      report_.not_locked = errno_text(error_number);
      return;
    }
    report_.not_locked = fmt::format(
        "the limit for locked memory is {} KiB: raise it with `ulimit -l unlimited`, in "
        "/etc/security/limits.conf (memlock), or with LimitMEMLOCK= of a systemd unit",
        limit.rlim_cur >> 10);
  }

  const Plan& plan_;
  DeviceId device_;
  const WeightLoading& loading_;
  ThreadPool& pool_;
  const LoadProgress& progress_;
  PackedWeights& weights_;
  TensorReader reader_;
  WeightsReport report_;
  std::uint64_t total_ = 0, done_ = 0;  // bytes of the model's tensors
};

}  // namespace

Result<WeightsReport> load_weights(const Plan& plan, DeviceId device, const kernels::Kernels& table,
                                   const WeightLoading& loading, ThreadPool& pool,
                                   const LoadProgress& progress, PackedWeights& weights) {
  return WeightLoader(plan, device, loading, pool, progress, weights).load(table);
}

}  // namespace hearth::model

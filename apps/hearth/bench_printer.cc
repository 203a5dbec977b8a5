// SPDX-License-Identifier: Apache-2.0
#include "bench_printer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/escape.h"
#include "base/json.h"

namespace hearth::app {
namespace {

// Every character, replaced where that is needed.
template <class Replace>
std::string escaped(std::string_view text, Replace&& replace) {
  std::string out;
  for (const char c : text) replace(out, c);
  return out;
}

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_json_text(value);
}

// The fields that hold one value.
std::vector<std::string> single_fields(const Json& row) {
  std::vector<std::string> names;
  for (const auto& [name, value] : row.items())
    if (!value.is_array()) names.push_back(name);
  return names;
}

class CsvPrinter : public BenchPrinter {
 public:
  std::string begin(const Json& row) override {
    fields_ = single_fields(row);
    return fmt::format("{}\n", fmt::join(fields_, ","));
  }
  std::string row(const Json& row) override {
    std::vector<std::string> values;
    for (const std::string& field : fields_)
      values.push_back('"' +
                       escaped(plain_text(row[field]),
                               [](std::string& out, char c) {
                                 if (c == '"') out += '"';
                                 out += c;
                               }) +
                       '"');
    return fmt::format("{}\n", fmt::join(values, ","));
  }
  std::string end() override { return ""; }

 private:
  std::vector<std::string> fields_;
};

class JsonPrinter : public BenchPrinter {
 public:
  std::string begin(const Json&) override { return "["; }
  std::string row(const Json& row) override {
    return fmt::format("{}\n{}", n_++ == 0 ? "" : ",", to_json_text(row, 2));
  }
  std::string end() override { return n_ == 0 ? "[]\n" : "\n]\n"; }

 private:
  std::size_t n_ = 0;
};

class JsonLinesPrinter : public BenchPrinter {
 public:
  std::string begin(const Json&) override { return ""; }
  std::string row(const Json& row) override { return to_json_text(row) + "\n"; }
  std::string end() override { return ""; }
};

class SqlPrinter : public BenchPrinter {
 public:
  explicit SqlPrinter(std::string table) : table_(std::move(table)) {}
  std::string begin(const Json& row) override {
    fields_ = single_fields(row);
    std::vector<std::string> columns;
    for (const std::string& field : fields_) {
      const Json& value = row[field];
      const char* const type = value.is_string()         ? "TEXT"
                               : value.is_number_float() ? "REAL"
                                                         : "INTEGER";
      columns.push_back(fmt::format("  {} {}", field, type));
    }
    return fmt::format("CREATE TABLE IF NOT EXISTS {} (\n{}\n);\n\n", table_,
                       fmt::join(columns, ",\n"));
  }
  std::string row(const Json& row) override {
    std::vector<std::string> values;
    for (const std::string& field : fields_) {
      const Json& value = row[field];
      if (value.is_string()) {
        values.push_back('\'' +
                         escaped(plain_text(value),
                                 [](std::string& out, char c) {
                                   if (c == '\'') out += '\'';
                                   out += c;
                                 }) +
                         '\'');
      } else {
        values.push_back(value.is_boolean() ? value.get<bool>() ? "1" : "0" : to_json_text(value));
      }
    }
    return fmt::format("INSERT INTO {} ({}) VALUES ({});\n", table_, fmt::join(fields_, ", "),
                       fmt::join(values, ", "));
  }
  std::string end() override { return ""; }

 private:
  std::string table_;
  std::vector<std::string> fields_;
};

double number(const Json& row, const char* field) {
  return row[field].get<double>();
}

std::string test_name(const Json& row) {
  const auto n_prompt = row["n_prompt"].get<int>(), n_gen = row["n_gen"].get<int>();
  std::string name;
  if (n_prompt != 0) name = fmt::format("pp{}", n_prompt);
  if (n_gen != 0) name += fmt::format("{}tg{}", name.empty() ? "" : "+", n_gen);
  if (const int depth = row["n_depth"].get<int>()) name += fmt::format(" @ d{}", depth);
  return name;
}

std::string share_cell(const Json& row, const char* share, const char* spread, const char* bound) {
  if (row[bound].get<std::string>().empty()) return "";
  std::string cell = fmt::format("{:.1f}", number(row, share) * 100);
  if (spread != nullptr) cell += fmt::format(" ± {:.1f}", number(row, spread) * 100);
  return fmt::format("{} % {}", cell, row[bound].get<std::string>());
}

// A column of a table: its head, its width (negative: to the left), and what stands in it.
struct Column {
  std::string head;
  int width;
  std::string (*cell)(const Json& row);
  std::string field = {};  // instead of cell
};

std::string model_size(const Json& row) {
  const double mib = number(row, "model_size") / 1048576.0;
  return mib < 1024 ? fmt::format("{:.2f} MiB", mib) : fmt::format("{:.2f} GiB", mib / 1024);
}

std::string model_params(const Json& row) {
  const double n = number(row, "model_n_params");
  return n < 1e9 ? fmt::format("{:.2f} M", n / 1e6) : fmt::format("{:.2f} B", n / 1e9);
}

std::vector<Column> table_columns(const TableColumns& wanted) {
  std::vector<Column> columns = {
      {"model", -30, [](const Json& row) { return printable(plain_text(row["model_type"]), 60); }},
      {"size", 10, model_size},
      {"params", 10, model_params},
      {"backend", -10, nullptr, "backends"},
      {"threads", 7, nullptr, "n_threads"}};
  for (const std::string& field : wanted.parameters)
    columns.push_back({field, std::max(6, static_cast<int>(field.size())), nullptr, field});
  if (!wanted.is_batched) {
    columns.push_back({"test", 15, test_name});
    columns.push_back({"t/s", 20, [](const Json& row) {
                         return fmt::format("{:.2f} ± {:.2f}", number(row, "avg_ts"),
                                            number(row, "stddev_ts"));
                       }});
    columns.push_back({"of ceiling", 18, [](const Json& row) {
                         return share_cell(row, "share", "stddev_share", "bound");
                       }});
    return columns;
  }
  columns.push_back({"PP", 6, nullptr, "n_prompt"});
  columns.push_back({"TG", 6, nullptr, "n_gen"});
  columns.push_back({"B", 4, nullptr, "pl"});
  columns.push_back({"N_KV", 6, nullptr, "n_kv"});
  const auto seconds = [](const Json& row, const char* field) {
    return fmt::format("{:.3f}", number(row, field));
  };
  static const auto three_digits = seconds;
  static const auto speed = [](const Json& row, const char* field, const char* spread) {
    return fmt::format("{:.2f} ± {:.2f}", number(row, field), number(row, spread));
  };
  columns.push_back({"T_PP s", 8, [](const Json& row) { return three_digits(row, "t_pp"); }});
  columns.push_back(
      {"S_PP t/s", 16, [](const Json& row) { return speed(row, "speed_pp", "stddev_speed_pp"); }});
  columns.push_back({"T_TG s", 8, [](const Json& row) { return three_digits(row, "t_tg"); }});
  columns.push_back(
      {"S_TG t/s", 16, [](const Json& row) { return speed(row, "speed_tg", "stddev_speed_tg"); }});
  columns.push_back({"T s", 8, [](const Json& row) {
                       return fmt::format("{:.3f}", number(row, "avg_ns") * 1e-9);
                     }});
  columns.push_back(
      {"S t/s", 16, [](const Json& row) { return speed(row, "avg_ts", "stddev_ts"); }});
  columns.push_back({"PP of ceiling", 14, [](const Json& row) {
                       return share_cell(row, "share_pp", nullptr, "bound_pp");
                     }});
  columns.push_back({"TG of ceiling", 14, [](const Json& row) {
                       return share_cell(row, "share_tg", nullptr, "bound_tg");
                     }});
  return columns;
}

class TablePrinter : public BenchPrinter {
 public:
  explicit TablePrinter(const TableColumns& columns) : columns_(table_columns(columns)) {}

  std::string begin(const Json&) override {
    std::string head = "|", rule = "|";
    for (const Column& column : columns_) {
      head += cell(column.head, column.width);
      const std::string dashes(static_cast<std::size_t>(std::abs(column.width)) - 1, '-');
      rule += fmt::format(" {}{} |", dashes, column.width > 0 ? ':' : '-');
    }
    return head + "\n" + rule + "\n";
  }

  std::string row(const Json& row) override {
    std::string line = "|";
    for (const Column& column : columns_)
      line += cell(column.cell == nullptr ? plain_text(row[column.field]) : column.cell(row),
                   column.width);
    remember(row);
    return line + "\n";
  }

  std::string end() override {
    std::string text = "\n";
    for (const auto& line : ceilings_) text += line + "\n";
    return text + build_ + "\n";
  }

 private:
  // Widths count code points: "±" is two bytes. fmt counts as a terminal does.
  static std::string cell(const std::string& text, int width) {
    return width < 0 ? fmt::format(" {:<{}} |", text, -width)
                     : fmt::format(" {:>{}} |", text, width);
  }

  // A line of ceilings for each number of threads: those measured with its last test.
  void remember(const Json& row) {
    build_ = fmt::format("build: {} ({})", plain_text(row["build_commit"]),
                         plain_text(row["build_number"]));
    const std::string start =
        fmt::format("ceilings with {} thread{}:", plain_text(row["n_threads"]),
                    row["n_threads"] == 1 ? "" : "s");
    std::string line = start;
    for (const char* name : {"int8", "float", "read"}) {
      const std::string field = fmt::format("ceiling_{}", name);
      const double rate = number(row, field.c_str());
      line += fmt::format("{} {} {} ± {:.0f} % ({})", line == start ? "" : ",", name,
                          human_rate(rate, name == std::string_view("read") ? "B/s" : "MAC/s"),
                          number(row, ("stddev_" + field).c_str()) / rate * 100,
                          plain_text(row[fmt::format("how_{}", name)]));
    }
    std::erase_if(ceilings_, [&](const std::string& old) { return old.starts_with(start); });
    ceilings_.push_back(line);
  }

  std::vector<Column> columns_;
  std::vector<std::string> ceilings_;
  std::string build_;
};

}  // namespace

Result<std::unique_ptr<BenchPrinter>> make_bench_printer(std::string_view format,
                                                         TableColumns columns) {
  if (format == "md") return std::make_unique<TablePrinter>(columns);
  if (format == "csv") return std::make_unique<CsvPrinter>();
  if (format == "json") return std::make_unique<JsonPrinter>();
  if (format == "jsonl") return std::make_unique<JsonLinesPrinter>();
  if (format == "sql") return std::make_unique<SqlPrinter>(columns.sql_table);
  return fail(ErrorCode::usage, "-o {}: there are md, csv, json, jsonl and sql",
              printable(format, 40));
}

std::string human_rate(double per_second, std::string_view unit) {
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T"};
  std::size_t prefix = 0;
  while (per_second >= 10000 && prefix + 1 < std::size(kPrefixes)) {
    per_second /= 1000;
    ++prefix;
  }
  return fmt::format("{:.1f} {}{}", per_second, kPrefixes[prefix], unit);
}

}  // namespace hearth::app

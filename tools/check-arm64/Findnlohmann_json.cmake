# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/overlay.cmake")
hearth_overlay(nlohmann_json::nlohmann_json nlohmann)
set(nlohmann_json_FOUND TRUE)

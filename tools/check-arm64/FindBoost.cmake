# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/overlay.cmake")
hearth_overlay(Boost::headers boost)
set(Boost_FOUND TRUE)

# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/overlay.cmake")
hearth_overlay(OpenSSL::Crypto openssl)
hearth_overlay(OpenSSL::SSL openssl)
set(OpenSSL_FOUND TRUE)

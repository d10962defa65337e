# SPDX-License-Identifier: ISC
# hit_path: our own code in a cache hit, counted by callgrind. The figure is that of the build that users get: test/run names
# it (S53_PLAIN_BIN), whatever tree the test is run from.
add_executable(hit_path hit_path.c)
target_link_libraries(hit_path PRIVATE s53_resolve)
set_target_properties(hit_path PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
if(S53_TESTS)
	add_test(NAME bench/hit-path COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/hit_path.py
		$<TARGET_FILE:hit_path> ${CMAKE_CURRENT_SOURCE_DIR}/hit_path.baseline)
	set_tests_properties(bench/hit-path PROPERTIES TIMEOUT 120)
endif()

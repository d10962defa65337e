# SPDX-License-Identifier: ISC
# hit_path: our own code in a cache hit, counted by callgrind. The figure is that of the users' build: test/run names
# it (S53_PLAIN_BIN), whatever tree the test is run from. Without that name the test is skipped in a tree that is not built as
# users do.
add_executable(hit_path hit_path.c costly.c)
target_link_libraries(hit_path PRIVATE s53_resolve)
target_include_directories(hit_path PRIVATE ${CMAKE_SOURCE_DIR}/src/resolve) # filter.h
set_target_properties(hit_path PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
if(S53_TESTS)
	add_test(NAME bench/hit-path COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/hit_path.py
		$<TARGET_FILE:hit_path> ${CMAKE_CURRENT_SOURCE_DIR}/hit_path.baseline)
	add_test(NAME bench/costly COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/costly.py
		$<TARGET_FILE:hit_path>)
	set_tests_properties(bench/hit-path bench/costly PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
	if(S53_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Debug")
		set_tests_properties(bench/hit-path bench/costly PROPERTIES ENVIRONMENT S53_NOT_AS_USERS_GET_IT=1)
	endif()
endif()

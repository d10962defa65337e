# SPDX-License-Identifier: ISC
# hit_path: the instructions of our own code in a cache hit, counted by callgrind. The figure must be that of a release build:
# test/run sets S53_PLAIN_BIN to one, whatever tree the test is run from. Without that variable, a tree that is not a release
# build has nothing to measure, and the test is skipped.
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

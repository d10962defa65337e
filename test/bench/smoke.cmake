# SPDX-License-Identifier: ISC
# Checks that the benchmark's programs and its driver work: short runs of everything, with split53 and the floors only. No
# speed is checked, but each answer is. It runs alone, because its programs need all CPUs.
if(S53_TESTS)
	add_test(NAME bench/smoke COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/bench.py --smoke
		--bin ${CMAKE_BINARY_DIR}/bench)
	set_tests_properties(bench/smoke PROPERTIES RUN_SERIAL ON TIMEOUT 120
		ENVIRONMENT "S53_BIN=$<TARGET_FILE:split53>;PYTHONDONTWRITEBYTECODE=1")
endif()

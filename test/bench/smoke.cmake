# SPDX-License-Identifier: ISC
# Whether the benchmark's programs and its driver work: short runs of everything, with split53 and the floors only. Speed is
# not checked, but each answer is. No other test runs at the same time, because its programs need the processors.
if(S53_TESTS)
	add_test(NAME bench/smoke COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/bench.py --smoke
		--bin ${CMAKE_BINARY_DIR}/bench)
	set_tests_properties(bench/smoke PROPERTIES RUN_SERIAL ON TIMEOUT 120
		ENVIRONMENT "S53_BIN=$<TARGET_FILE:split53>;PYTHONDONTWRITEBYTECODE=1")
endif()

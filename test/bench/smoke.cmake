# SPDX-License-Identifier: ISC
# Do the benchmark's programs and its driver work? Short runs of everything, with split53 and the floors only: no speed is
# looked at, but each answer is. Alone, because what it starts wants the processors.
if(S53_TESTS)
	add_test(NAME bench/smoke COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/bench.py --smoke
		--bin ${CMAKE_BINARY_DIR}/bench)
	set_tests_properties(bench/smoke PROPERTIES RUN_SERIAL ON TIMEOUT 120
		ENVIRONMENT "S53_BIN=$<TARGET_FILE:split53>;PYTHONDONTWRITEBYTECODE=1")
endif()

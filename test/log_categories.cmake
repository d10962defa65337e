# SPDX-License-Identifier: ISC
# Each category of include/split53/log.h is used by a log call: --check warns only of categories that do not exist.
#     cmake -DROOT=... -P test/log_categories.cmake
file(READ ${ROOT}/include/split53/log.h header)
string(REGEX MATCHALL "X\\([A-Z_]+, \"" rows "${header}")
file(GLOB files ${ROOT}/src/*/*.c)
list(FILTER files EXCLUDE REGEX "/src/(base|setup|conf)/") # they name categories, and log to none
set(text "")
foreach(file IN LISTS files)
	file(READ ${file} one)
	string(APPEND text "${one}")
endforeach()
foreach(row IN LISTS rows)
	string(REGEX REPLACE "X\\(([A-Z_]+), .*" "\\1" id "${row}")
	if(NOT id STREQUAL "DEFAULT" AND NOT text MATCHES "S53_LOG_${id},")
		message(SEND_ERROR "nothing is written in category S53_LOG_${id}: leave it out of log.h")
	endif()
endforeach()
list(LENGTH rows count)
if(count LESS 10)
	message(SEND_ERROR "only ${count} categories found in log.h")
endif()

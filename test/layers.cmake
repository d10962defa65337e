# SPDX-License-Identifier: ISC
# cmake -DROOT=<tree> -P layers.cmake: no file includes a header of a layer above it or beside it.
#
# src/LAYERS says which layer may include which. A file of src/LAYER/ belongs to its directory, src/*.c
# to `main`, a public header to the layer that its `Layer` line names. A private header is for its
# own directory only, and an external library for the layers listed below (docs/architecture.md).
cmake_minimum_required(VERSION 3.25)

set(users_of_ares probe main) # main: their versions, for -V
set(users_of_ldns zone main)
set(users_of_openssl rndc main)
set(users_of_json-c stats control ctl inspect main)
set(users_of_event2 base transport probe listen stats control daemon main)
set(users_of_xxhash base main)

set(offences "")

# Read src/LAYERS into below_<layer>, each with itself.
file(STRINGS ${ROOT}/src/LAYERS lines REGEX "^[a-z]+:")
set(layers "")
foreach(line IN LISTS lines)
	string(REGEX MATCH "^([a-z]+):(.*)$" ignored "${line}")
	set(layer ${CMAKE_MATCH_1})
	string(REGEX MATCHALL "[a-z]+" below_${layer} "${CMAKE_MATCH_2}")
	list(APPEND below_${layer} ${layer})
	list(APPEND layers ${layer})
endforeach()
if(NOT layers)
	message(FATAL_ERROR "${ROOT}/src/LAYERS names no layer")
endif()

# Each public header's layer into layer_of_<header>.
file(GLOB public RELATIVE ${ROOT}/include/split53 ${ROOT}/include/split53/*.h)
foreach(header IN LISTS public)
	file(STRINGS ${ROOT}/include/split53/${header} line REGEX "^ \\* Layer +[a-z]+" LIMIT_COUNT 1)
	string(REGEX MATCH "Layer +([a-z]+)" ignored "${line}")
	set(layer_of_${header} "${CMAKE_MATCH_1}")
	if(NOT CMAKE_MATCH_1 IN_LIST layers)
		list(APPEND offences "include/split53/${header}: no `Layer` line with a layer of src/LAYERS")
	endif()
endforeach()

macro(offence text)
	list(APPEND offences "${file}: ${text}")
endmacro()

# One `#include <...>` of `file`, which belongs to `layer`.
macro(check_outer name)
	if("${name}" MATCHES "^split53/(.*)$")
		set(target "${layer_of_${CMAKE_MATCH_1}}")
		if(NOT EXISTS ${ROOT}/include/${name})
			offence("includes <${name}>, which is not there")
		elseif(NOT target IN_LIST below_${layer})
			offence("${layer} may not include <${name}> of ${target}")
		endif()
	elseif("${name}" MATCHES "^(ares|ldns|openssl|json-c|event2|xxhash)([./_].*)$")
		if(NOT layer IN_LIST users_of_${CMAKE_MATCH_1})
			offence("${layer} may not use the library of <${name}>")
		endif()
	endif()
endmacro()

# One `#include "..."`.
macro(check_inner name)
	if("${name}" MATCHES "/")
		offence("includes \"${name}\": a private header is for its own folder")
	elseif(NOT EXISTS ${ROOT}/src/${layer}/${name})
		offence("includes \"${name}\", which is not in src/${layer}")
	endif()
endmacro()

file(GLOB files RELATIVE ${ROOT} ${ROOT}/src/*.[ch] ${ROOT}/src/*/*.[ch]
	${ROOT}/src/*/*/*.[ch] ${ROOT}/include/split53/*.h)
foreach(file IN LISTS files)
	if(file MATCHES "^include/split53/(.*)$")
		set(layer "${layer_of_${CMAKE_MATCH_1}}")
	elseif(file MATCHES "^src/([^/]+)/")
		set(layer ${CMAKE_MATCH_1})
	else()
		set(layer main)
	endif()
	if(NOT layer IN_LIST layers)
		offence("belongs to no layer of src/LAYERS")
		continue()
	endif()
	file(STRINGS ${ROOT}/${file} includes REGEX "^[ \t]*#[ \t]*include")
	foreach(line IN LISTS includes)
		if(line MATCHES "include[ \t]*<([^>]*)>")
			check_outer("${CMAKE_MATCH_1}")
		elseif(line MATCHES "include[ \t]*\"([^\"]*)\"")
			check_inner("${CMAKE_MATCH_1}")
		endif()
	endforeach()
endforeach()

if(offences)
	list(JOIN offences "\n" text)
	message(NOTICE "${text}") # not FATAL_ERROR, which would wrap the text
	message(FATAL_ERROR "includes that docs/style.md does not allow")
endif()
list(LENGTH files count)
message(STATUS "${count} files include only what stands below them")

# SPDX-License-Identifier: ISC
# cmake -DCHECK=layers.cmake -DWORK=<folder> -P layers_planted.cmake: the layer check finds planted violations.
cmake_minimum_required(VERSION 3.25)

# A small clean tree: two peers over base, and main.
function(tree_write)
	file(REMOVE_RECURSE ${WORK})
	file(WRITE ${WORK}/src/LAYERS "# bottom up\nbase:\nleft: base\nright: base\nmain: base left right\n")
	foreach(layer base left right)
		file(WRITE ${WORK}/include/split53/${layer}.h " * Layer    ${layer}: for the test\n")
		file(WRITE ${WORK}/src/${layer}/own.h "/* private */\n")
		file(WRITE ${WORK}/src/${layer}/${layer}.c
			"#include <stdio.h>\n#include <split53/${layer}.h>\n#include \"own.h\"\n")
	endforeach()
	file(APPEND ${WORK}/src/left/left.c "#include <split53/base.h>\n")
	file(WRITE ${WORK}/src/main.c "#include <split53/left.h>\n#include <split53/right.h>\n")
endfunction()

# Expect the check to fail and to print `text`; an empty text: to pass.
function(expect text)
	execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${CHECK}
		RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
	if(text STREQUAL "" AND NOT result EQUAL 0)
		message(SEND_ERROR "a clean tree was refused: ${said}")
	elseif(NOT text STREQUAL "" AND result EQUAL 0)
		message(SEND_ERROR "not found: ${text}")
	elseif(NOT text STREQUAL "")
		string(FIND "${said}" "${text}" at)
		if(at EQUAL -1)
			message(SEND_ERROR "refused, but without saying '${text}': ${said}")
		endif()
	endif()
endfunction()

# Plant `line` in `file` of a clean tree.
function(plant file line text)
	tree_write()
	file(APPEND ${WORK}/${file} "${line}\n")
	expect("${text}")
endfunction()

tree_write()
expect("")
plant(src/base/base.c "#include <split53/left.h>" "base may not include <split53/left.h> of left")
plant(src/left/left.c "#include <split53/right.h>" "left may not include <split53/right.h> of right")
plant(src/left/own.h "# include <split53/right.h>" "src/left/own.h: left may not include")
plant(include/split53/base.h "#include <split53/left.h>" "include/split53/base.h: base may not include")
plant(src/left/left.c "#include \"../right/own.h\"" "a private header is for its own folder")
plant(src/left/left.c "#include \"other.h\"" "which is not in src/left")
plant(src/left/left.c "#include <split53/gone.h>" "which is not there")
plant(src/left/left.c "#include <ares.h>" "left may not use the library of <ares.h>")
plant(src/right/right.c "#include <ldns/ldns.h>" "right may not use the library of <ldns/ldns.h>")
plant(include/split53/new.h "/* no line */" "include/split53/new.h: no `Layer` line")
plant(src/lost/lost.c "#include <stdio.h>" "src/lost/lost.c: belongs to no layer")
file(REMOVE_RECURSE ${WORK})

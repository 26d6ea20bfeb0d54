# A box is one part of the architecture: a static library with declared dependencies.
#
#   snarl_box(NAME SOURCES file... [DEPS box...] [LIBS library...])
#
# Dependencies run one way. To keep them so, every box is also linked on its own into a module that must
# have no undefined symbols: a call from a box into one that it does not list in DEPS fails the build.

function(snarl_box name)
    cmake_parse_arguments(BOX "" "" "SOURCES;DEPS;LIBS" ${ARGN})
    add_library(snarl_${name} STATIC ${BOX_SOURCES})
    set_target_properties(snarl_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(snarl_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
    set(dependencies)
    foreach(dependency IN LISTS BOX_DEPS)
        list(APPEND dependencies snarl_${dependency})
    endforeach()
    target_link_libraries(snarl_${name} PUBLIC ${dependencies} ${BOX_LIBS})

    add_library(snarl_${name}_alone MODULE ${PROJECT_SOURCE_DIR}/cmake/alone.c)
    target_link_options(snarl_${name}_alone PRIVATE -Wl,--no-undefined)
    target_link_libraries(snarl_${name}_alone PRIVATE
        -Wl,--whole-archive $<TARGET_FILE:snarl_${name}> -Wl,--no-whole-archive
        ${dependencies} ${BOX_LIBS})
    add_dependencies(snarl_${name}_alone snarl_${name})
endfunction()

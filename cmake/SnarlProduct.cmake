# What the product is made of, how it is installed, and the Debian package.
#
#   bin/snarl                            the command
#   LIBDIR/snarl/libsnarl.so, classic    the library (its own CMakeLists.txt installs it), the program of `snarl demo`
#   include/snarl.h                      annotations
#   LIBDIR/pkgconfig, LIBDIR/cmake/snarl for other builds: see packaging/
#   share/man, share/doc, share/bash-completion
#
# The target `snarl_product`, which ./snarl builds, leaves out the tests and the bench.

include(CMakePackageConfigHelpers)

set(demo_target sample-deadlock-classic)
add_custom_target(snarl_product)
foreach(part snarl_command snarl_preload snarl_calls snarl_inert snarl-plan ${demo_target})
    if(TARGET ${part})
        add_dependencies(snarl_product ${part})
    endif()
endforeach()

install(TARGETS snarl_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${demo_target} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/snarl)
install(FILES samples/deadlock/classic.c samples/scene.h DESTINATION ${CMAKE_INSTALL_DOCDIR}/demo)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/snarl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME snarl)
file(GLOB guides ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${guides} DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(GLOB manuals ${PROJECT_SOURCE_DIR}/docs/man/*.1)
install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# For other builds: paths relative to these files, so that an installation can be moved.
set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/snarl)
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(packaging/snarl.pc.in packaging/snarl.pc @ONLY)
configure_package_config_file(packaging/snarl-config.cmake.in ${CMAKE_BINARY_DIR}/packaging/snarl-config.cmake
    INSTALL_DESTINATION ${config_folder}
    PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/packaging/snarl-config-version.cmake
    COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/packaging/snarl-config.cmake
    ${CMAKE_BINARY_DIR}/packaging/snarl-config-version.cmake DESTINATION ${config_folder})
install(FILES ${CMAKE_BINARY_DIR}/packaging/snarl.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME snarl)
set(CPACK_PACKAGE_VENDOR snarl)
set(CPACK_PACKAGE_CONTACT "the snarl maintainers <snarl@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "race and deadlock detector for Linux programs
 snarl runs a program as it is, without recompiling, and reports data
 races, deadlocks, lock orders that can deadlock, and misuse of locks, with the
 lines of code and the locks by name.")
include(CPack)

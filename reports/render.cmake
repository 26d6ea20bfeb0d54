# What the renderers for browsers, machines and reviews add to the box of the reports.
pkg_check_modules(GVC REQUIRED libgvc)

set(html_scripts data dom overview findings picture finding places graph app)
list(TRANSFORM html_scripts PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/html/)
list(TRANSFORM html_scripts APPEND .js)
set(html_style ${CMAKE_CURRENT_SOURCE_DIR}/html/report.css)
set(html_embedded ${CMAKE_CURRENT_BINARY_DIR}/html_embedded.c)
set(html_embed ${PROJECT_SOURCE_DIR}/cmake/SnarlEmbed.cmake)
add_custom_command(OUTPUT ${html_embedded}
    COMMAND ${CMAKE_COMMAND} -DOUT=${html_embedded} "-DSCRIPT=${html_scripts}" -DSTYLE=${html_style} -P ${html_embed}
    DEPENDS ${html_scripts} ${html_style} ${html_embed}
    COMMENT "Embedding the HTML report's script and style"
    VERBATIM)

set(RENDER_SOURCES
    classes.c
    dot.c
    html.c
    html_data.c
    html_layout.c
    junit.c
    markdown.c
    order.c
    pick.c
    sarif.c
    ${html_embedded})
set(RENDER_LIBS ${GVC_LIBRARIES} m)

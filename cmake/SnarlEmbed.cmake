# Puts the HTML report's parts into one C file, so that snarl needs no data files at run time. Run as
#
#   cmake -DOUT=file.c -DSCRIPT="a.js;b.js" -DSTYLE=c.css -P SnarlEmbed.cmake
#
# The scripts become one, in the order given, inside one function. Beside each text its SHA-256 is kept, which
# the page's content security policy names: nothing else in the page can run.

function(embed name path)
    file(READ ${path} hex HEX)
    file(SHA256 ${path} digest)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    file(APPEND ${OUT}.new "const unsigned char snarl_html_${name}[] = {\n${bytes}\n};\n"
        "const size_t snarl_html_${name}_size = sizeof(snarl_html_${name});\n"
        "const char snarl_html_${name}_digest[] = \"${digest}\";\n\n")
endfunction()

set(all "(() => {\n'use strict';\n")
foreach(part IN LISTS SCRIPT)
    file(READ ${part} text)
    string(APPEND all "${text}")
endforeach()
file(WRITE ${OUT}.js "${all}})();\n")

file(WRITE ${OUT}.new "/* Made by SnarlEmbed.cmake out of reports/html. */\n#include \"reports/html_parts.h\"\n\n")
embed(script ${OUT}.js)
embed(style ${STYLE})
file(RENAME ${OUT}.new ${OUT})

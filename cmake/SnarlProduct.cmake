# What the product is made of: the target `snarl_product`, which ./snarl builds, leaves out the tests and the bench.

add_custom_target(snarl_product)
foreach(part snarl_command snarl_preload)
    if(TARGET ${part})
        add_dependencies(snarl_product ${part})
    endif()
endforeach()

/* api.c - see api.h. */
#include "preload/python/api.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define OLDEST 310
#define NEWEST 313

struct snarl_py_api snarl_py;

struct entry {
    const char *name;
    void **where;
    bool needed;
};

#define PLACE(member) (void **)&snarl_py.member

static const struct entry s_entries[] = {
    {"Py_GetVersion", PLACE(version), true},
    {"Py_IsInitialized", PLACE(is_initialized), true},
    {"PySys_AddAuditHook", PLACE(add_audit_hook), true},
    {"PyImport_ImportModule", PLACE(import), true},
    {"PyObject_GetAttrString", PLACE(get_attribute), true},
    {"PyObject_SetAttrString", PLACE(set_attribute), true},
    {"Py_IncRef", PLACE(retain), true},
    {"Py_DecRef", PLACE(release), true},
    {"PyErr_Clear", PLACE(clear_error), true},
    {"PyErr_Occurred", PLACE(error), true},
    {"PyObject_IsTrue", PLACE(is_true), true},
    {"PyType_GetSlot", PLACE(type_slot), true},
    {"PyThreadState_Get", PLACE(thread_state), true},
    {"PyThreadState_GetInterpreter", PLACE(thread_interpreter), true},
    {"PyInterpreterState_Main", PLACE(main_interpreter), true},
    {"PyEval_SaveThread", PLACE(save_thread), true},
    {"PyEval_RestoreThread", PLACE(restore_thread), true},
    {"PyEval_GetFrame", PLACE(frame), true},
    {"PyFrame_GetBack", PLACE(frame_back), true},
    {"PyFrame_GetCode", PLACE(frame_code), true},
    {"PyFrame_GetLineNumber", PLACE(frame_line), true},
    {"PyFrame_GetLasti", PLACE(frame_instruction), false},
    {"PyCode_Addr2Line", PLACE(code_line), true},
    {"PyUnicode_AsUTF8", PLACE(text), true},
    {"PyTuple_Size", PLACE(tuple_size), true},
    {"PyTuple_GetItem", PLACE(tuple_item), true},
    {"PyList_Size", PLACE(list_size), true},
    {"PyList_GetItem", PLACE(list_item), true},
    {"PyDict_GetItemString", PLACE(dict_text_item), true},
    {"PyDict_GetItemWithError", PLACE(dict_item), true},
    {"PyDict_Next", PLACE(dict_next), true},
    {"PyModule_GetDict", PLACE(module_dict), true},
    {"PyImport_GetModuleDict", PLACE(modules), true},
    {"_PyObject_GetDictPtr", PLACE(dict_of), false},
    {"PyObject_GenericGetDict", PLACE(generic_dict), false},
    {"PyObject_GenericGetAttr", PLACE(generic_get), true},
    {"PyLong_AsLong", PLACE(long_value), true},
    {"PyLong_AsUnsignedLong", PLACE(unsigned_value), true},
    {"PyFloat_AsDouble", PLACE(float_value), true},
    {"PyLong_FromUnsignedLong", PLACE(unsigned_object), true},
    {"PyLong_FromLong", PLACE(long_object), true},
    {"PyObject_Hash", PLACE(hash), true},
    {"PyBytes_AsString", PLACE(bytes), true},
    {"PyBytes_Size", PLACE(bytes_size), true},
    {"PyCFunction_NewEx", PLACE(function), true},
    {"PyObject_CallMethod", PLACE(call_method), true},
    {"PyEval_SetTrace", PLACE(set_trace), true},
    {"PyMem_GetAllocator", PLACE(get_allocator), false},
    {"PyMem_SetAllocator", PLACE(set_allocator), false},
    {"_PyEval_EvalFrameDefault", PLACE(evaluate), false},
    {"PyCompile_OpcodeStackEffectWithJump", PLACE(stack_effect), true},
    {"_Py_TrueStruct", PLACE(true_object), true},
    {"_Py_FalseStruct", PLACE(false_object), true},
    {"_Py_NoneStruct", PLACE(none_object), true},
    {"PyCode_Type", PLACE(code_type), true},
    {"PyCell_Type", PLACE(cell_type), true},
    {"PyDict_Type", PLACE(dict_type), true},
    {"PyList_Type", PLACE(list_type), true},
    {"PyTuple_Type", PLACE(tuple_type), true},
    {"PyModule_Type", PLACE(module_type), true},
    {"PyType_Type", PLACE(type_type), true},
    {"PyUnicode_Type", PLACE(text_type), true},
    {"PyLong_Type", PLACE(long_type), true},
    {"_Py_MergeZeroLocalRefcount", PLACE(free_threaded_mark), false},
};

const char *snarl_python_problem(const char *version, bool free_threaded)
{
    char *end;
    long major = strtol(version, &end, 10);
    long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    if (free_threaded || strstr(version, "free-threading"))
        return "a build without a global lock";
    if (major * 100 + minor < OLDEST || major * 100 + minor > NEWEST)
        return "a version that snarl does not know (it knows 3.10 to 3.13)";
    return NULL;
}

bool snarl_python_api_find(void *handle, const char **missing)
{
    for (size_t i = 0; i < sizeof(s_entries) / sizeof(s_entries[0]); i++) {
        const struct entry *entry = &s_entries[i];
        void *found = dlsym(handle, entry->name);
        *entry->where = found;
        if (!found && entry->needed) {
            *missing = entry->name;
            return false;
        }
    }
    return true;
}

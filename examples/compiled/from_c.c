/* A module of C that calls a loss on numbers of its own: the sum of Huber's loss over a bytes-like object of doubles. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <fastloss.h>

static const fastloss_api *api;

enum { BLOCK = 1024 };

static PyObject *sum_of(PyObject *self, PyObject *args) {
    Py_buffer residuals;
    const char *name;
    double parameter, values[BLOCK], sum = 0;
    char message[FASTLOSS_MESSAGE];
    void *outputs[FASTLOSS_OUTPUTS] = {values};
    fastloss_loss loss;
    int code;
    if (!PyArg_ParseTuple(args, "sdy*", &name, &parameter, &residuals)) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    code = api->find(FASTLOSS_VERSION, &loss, name, FASTLOSS_FLOAT64, &parameter, 1, message);
    for (Py_ssize_t i = 0, n = residuals.len / (Py_ssize_t)sizeof(double); !code && i < n; i += BLOCK) {
        Py_ssize_t count = n - i < BLOCK ? n - i : BLOCK;
        code = api->elementwise(&loss, (double *)residuals.buf + i, NULL, NULL, (size_t)count, outputs, message);
        for (Py_ssize_t k = 0; k < count; k++) sum += values[k];
    }
    Py_END_ALLOW_THREADS;
    PyBuffer_Release(&residuals);
    return code ? PyErr_Format(PyExc_ValueError, "%d: %s", code, message) : PyFloat_FromDouble(sum);
}

static PyMethodDef methods[] = {{"sum_of", sum_of, METH_VARARGS, "sum_of(name, parameter, residuals)"}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "from_c", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_from_c(void) {
    api = fastloss_import();
    return api ? PyModule_Create(&module) : NULL;
}

/* An extension of Node.js that calls a function back, by the interface that does not change with versions (N-API). */
#include <stddef.h>

typedef void *napi_env, *napi_value, *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);

extern int napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
extern int napi_get_undefined(napi_env, napi_value *);
extern int napi_call_function(napi_env, napi_value, napi_value, size_t, const napi_value *, napi_value *);
extern int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);

/* callBack(function): calls it 20 times. */
static napi_value call_back(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value function, undefined, result;

	napi_get_cb_info(env, info, &count, &function, NULL, NULL);
	napi_get_undefined(env, &undefined);
	for (int i = 0; i < 20; i++)
		napi_call_function(env, undefined, function, 0, NULL, &result);
	return undefined;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	napi_value function;

	(void)exports;
	napi_create_function(env, "callBack", 8, call_back, NULL, &function);
	return function;
}

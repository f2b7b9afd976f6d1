/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The part of machine.h that says what is known of single callables and classes; included by it
 * alone, behind struct machine and struct arguments. */
#ifndef BRINE_PICKLE_MODELS_H
#define BRINE_PICKLE_MODELS_H

/* --- models.c --- */
/* Checks the arguments of a call by the callee's model and shape, and gives its result. */
bool model_call(struct machine *m, const struct arguments *args, struct pickle_value *result);
/* The state of a partial that builds an instance when called: of a class's __new__. */
bool model_partial_state(struct machine *m, uint32_t node, struct pickle_value state);
/* False when the state is not one that the model of what made the instance asks for. */
bool model_state_agrees(struct machine *m, uint32_t instance, struct pickle_value state);
/* A str key of a dict, while keys are looked at. */
bool model_note_item(struct machine *m, uint32_t dict, struct bytes key, struct pickle_value value);
/* What an instance of the class gets from SETITEM and SETITEMS. */
bool model_admits_pairs(struct machine *m, uint32_t global, const struct pickle_value *items,
                        uint32_t count);
/* What a list gets, while a ChainMap may be made. */
bool model_note_parts(struct machine *m, uint32_t list, const struct pickle_value *items,
                      uint32_t count);
/* The state of a functools.partial that is data. */
bool model_wrapper_state(struct machine *m, uint32_t node, struct pickle_value state);
/* Whether nothing but kinds_of decides about these arguments, and the result is a plain instance.
 */
bool model_judges_kinds(const struct machine *m, const struct arguments *args);
/* models_result.c: the rows of SQLAlchemy and what they share.  A list's items, a dict's values and
 * a dict's str keys while results are looked for; a state; a call. */
bool result_note_parts(struct machine *m, uint32_t list, const struct pickle_value *items,
                       uint32_t count);
bool result_note_value(struct machine *m, uint32_t dict, struct pickle_value value);
bool result_note_item(struct machine *m, uint32_t dict, struct bytes key,
                      struct pickle_value value);
bool result_state_agrees(struct machine *m, struct pickle_value state);
bool result_admits_row(struct machine *m, const struct arguments *args);
bool result_admits_name(struct machine *m, const struct arguments *args);
/* models_plain.c: whether copyreg._reconstructor gives such a base such a value; how many addresses
 * a network has; the dict that a UUID may get. */
bool plain_base_takes(struct machine *m, uint32_t base, struct pickle_value state);
bool plain_network_size(struct machine *m, const struct arguments *args, uint32_t *addresses);
void plain_charge_hosts(struct machine *m, const struct arguments *args);
void plain_note_identity(struct machine *m, uint32_t dict, struct pickle_value value);
bool plain_identity_agrees(const struct machine *m, struct pickle_value state);
/* How many numbers a range gives, at most UINT32_MAX. */
uint32_t plain_steps_between(__int128 start, __int128 stop, __int128 step);
/* models_pandas.c: a str key of a dict, while keys are looked at; the call; its result. */
bool pandas_note_item(struct machine *m, uint32_t dict, struct bytes key,
                      struct pickle_value value);
bool pandas_admits_index(const struct machine *m, const struct arguments *args);
bool pandas_fill_index(struct machine *m, const struct arguments *args, uint32_t index);
/* models_zone.c */
/* The classes whose first argument may be their bytes, and whether it is none or they are those of
 * a date or time that there is. */
bool is_moment_class(struct bytes module, struct bytes name);
bool moment_admits(const struct machine *m, struct pickle_value value);
bool zone_admits(struct machine *m, const struct arguments *args);
bool zone_admits_pytz(struct machine *m, const struct arguments *args);
/* models_error.c */
bool error_admits_wrapper(struct machine *m, const struct arguments *args);
bool error_admits_unicode(struct machine *m, const struct arguments *args);
bool error_admits_syntax(struct machine *m, const struct arguments *args);
bool error_admits_group(struct machine *m, const struct arguments *args, uint32_t *exceptions);
/* Of those that keep whatever they get, like most exceptions. */
static inline bool error_keeps_all(enum policy_model model) {
    return model == POLICY_MODEL_IMPORT_ERROR || model == POLICY_MODEL_SYNTAX_ERROR;
}
bool error_note_item(struct machine *m, uint32_t dict, struct bytes key, struct pickle_value value);
bool error_state_agrees(const struct machine *m, uint32_t instance, struct pickle_value state);
/* models_random.c: a str key of a dict, while keys are looked at; the state of a generator. */
bool random_note_item(struct machine *m, uint32_t dict, struct bytes key,
                      struct pickle_value value);
bool random_state_agrees(const struct machine *m, uint32_t instance, struct pickle_value state);
/* models_generic.c: what stands in the brackets of a generic class. */
bool generic_admits(struct machine *m, const struct arguments *args);
/* items.c: one of numpy's scalars may be compared with any key. */
void note_scalar(struct machine *m);
/* A name that readers, or what numpy asks of any object, would call or believe. */
bool is_planted_name(struct bytes text);
/* protocols.c: the next character of a text with escapes; *last starts at 0. */
void protocols_note_character(struct machine *m, uint64_t *last, uint32_t point);
/* At STOP: whether a name that numpy believes stands where an object could answer to it. */
bool protocols_check(struct machine *m);
/* The letters of an entry's shape. */
bool model_shape(struct machine *m, const struct arguments *args, uint32_t from);
/* calls.c: the memory that a class may take for a copy of this, or of each part of this tuple. */
void charge_copy(struct machine *m, struct pickle_value value);
void charge_copies(struct machine *m, uint32_t tuple);
/* Or of all that the node holds. */
void charge_parts(struct machine *m, uint32_t node);
/* What hashing a call's arguments, or one of them, costs in all. */
bool charge_arguments(struct machine *m, const struct arguments *args);
bool charge_hashing(struct machine *m, uint32_t node);
/* The same for other work that a reader does: in elements hashed. */
bool charge_work(struct machine *m, uint64_t work);

/* --- models_numpy.c: true when the arguments agree; result->kind stays 0 for a plain instance ---
 */
bool numpy_reconstruct(struct machine *m, const struct arguments *args, uint32_t classes,
                       struct pickle_value *result);
bool numpy_scalar(struct machine *m, const struct arguments *args);
bool numpy_random(struct machine *m, const struct arguments *args);
bool numpy_frombuffer(struct machine *m, const struct arguments *args, uint64_t *items);
bool numpy_dtype(struct machine *m, const struct arguments *args, struct pickle_value *result);
bool numpy_array_state(struct machine *m, uint32_t array, struct pickle_value state);
bool numpy_dtype_state(struct machine *m, uint32_t node, struct pickle_value state);
/* Notes in `parent` (a dict) the (dtype, offset) that `part` (a tuple) may be. */
bool numpy_note_field(struct machine *m, uint32_t parent, struct pickle_value key,
                      struct pickle_value part);

/* What a reader finds behind an array's shape and dtype: so many bytes, or objects. */
bool numpy_stream_bytes(const struct machine *m, struct pickle_value shape,
                        struct pickle_value dtype, uint64_t *bytes, bool *objects);
/* An array's `aux` says how many items it has, `fields` how many bytes they take. */
bool numpy_set_items(struct machine *m, uint32_t array, uint64_t items, uint64_t bytes);
/* An array that has its data. */
bool numpy_is_array(const struct machine *m, struct pickle_value value);
/* A class that an array may be told to have. */
bool numpy_is_array_class(const struct machine *m, struct pickle_value value);

/* --- joblib.c --- */
bool joblib_begin(struct machine *m);
/* An item of a dict that may become the state of a NumpyArrayWrapper. */
void joblib_note_item(struct machine *m, uint32_t dict, struct pickle_value key,
                      struct pickle_value value);
/* Behind the BUILD of a NumpyArrayWrapper, which is at the top of the stack. */
bool joblib_read_array(struct machine *m, struct pickle_value state);
/* At the STOP of the pickle inside. */
bool joblib_objects_end(struct machine *m);

#endif

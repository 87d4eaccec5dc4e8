/* The tick in C, to compare the compiled Python with: sliced ELL, eight neurons at a time.

   Neurons are sorted by in-degree and cut into slices of eight; slice t holds its k-th synapses at
   (start[t] + k) * 8, padded with weight 0. Everything is float32; arrays are padded to whole slices and
   aligned to 32 bytes. Written with the vector extension that gcc and clang share. */
#include <stdint.h>
#include <string.h>

#define LANES 8
typedef float lanes __attribute__((vector_size(32)));
typedef int32_t ints __attribute__((vector_size(32)));

typedef struct {
    int32_t slices, unfolds;
    const int32_t *start, *column, *gap_start, *gap_column;
    const float *w, *w_erev, *sigma, *mu, *g;         /* sigma, mu: per synapse, or per neuron */
    const float *cm, *constant, *conductance, *gself; /* per neuron; gself only with per-neuron activation */
    float *v, *next, *s;
} network;

#define AT(p, i) (*(lanes *)((p) + (i)))
#define READ(p, i) (*(const lanes *)((p) + (i)))

static inline lanes all(float x) { return (lanes){x, x, x, x, x, x, x, x}; }

static inline lanes clipped(lanes x, float limit)
{
    ints below = x < all(-limit), above = x > all(limit);
    x = (lanes)(((ints)all(-limit) & below) | ((ints)x & ~below));
    return (lanes)(((ints)all(limit) & above) | ((ints)x & ~above));
}

/* 1 / (1 + exp(-x)): exp by splitting off a power of two and a Taylor polynomial of the rest. */
static inline lanes sigmoid(lanes x)
{
    x = clipped(-x, 60.f);
    lanes shifted = x * 1.44269504f + 12582912.f; /* adding 1.5 * 2^23 rounds to a whole number */
    ints power = (ints)shifted - 0x4B400000;
    lanes k = __builtin_convertvector(power, lanes);
    lanes r = x - k * 0.693359375f + k * 2.12194440e-4f;
    lanes p = all(1.f / 5040.f);
    p = p * r + 1.f / 720.f;
    p = p * r + 1.f / 120.f;
    p = p * r + 1.f / 24.f;
    p = p * r + 1.f / 6.f;
    p = p * r + 1.f / 2.f;
    p = p * (r * r) + r + 1.f;
    return 1.f / (1.f + p * (lanes)((power + 127) << 23));
}

/* Eight scalar loads: faster than the gather instruction on most machines. */
static inline lanes gathered(const float *x, const int32_t *c)
{
    return (lanes){x[c[0]], x[c[1]], x[c[2]], x[c[3]], x[c[4]], x[c[5]], x[c[6]], x[c[7]]};
}

static inline lanes gap_sum(const network *p, int t, const float *v)
{
    lanes sum = all(0.f);
    for (int k = p->gap_start[t]; k < p->gap_start[t + 1]; k++)
        sum += READ(p->g, k * LANES) * gathered(v, p->gap_column + k * LANES);
    return sum;
}

void tick_per_synapse(network *p, float dt)
{
    float rate = (float)p->unfolds / dt;
    for (int u = 0; u < p->unfolds; u++) {
        const float *v = p->v;
        for (int t = 0; t < p->slices; t++) {
            int j = t * LANES;
            lanes memory = READ(p->cm, j) * rate;
            lanes top = READ(p->constant, j) + memory * READ(v, j) + gap_sum(p, t, v);
            lanes bottom = READ(p->conductance, j) + memory;
            for (int k = p->start[t]; k < p->start[t + 1]; k++) {
                int o = k * LANES;
                lanes a = sigmoid(READ(p->sigma, o) * (gathered(v, p->column + o) - READ(p->mu, o)));
                bottom += READ(p->w, o) * a;
                top += READ(p->w_erev, o) * a;
            }
            AT(p->next, j) = top / bottom;
        }
        memcpy(p->v, p->next, sizeof(float) * LANES * p->slices);
    }
}

void tick_per_neuron(network *p, float dt)
{
    float rate = (float)p->unfolds / dt;
    for (int u = 0; u < p->unfolds; u++) {
        const float *v = p->v;
        float *s = p->s;
        for (int j = 0; j < p->slices * LANES; j += LANES)
            AT(s, j) = sigmoid(READ(p->sigma, j) * (READ(v, j) - READ(p->mu, j)));
        for (int t = 0; t < p->slices; t++) {
            int j = t * LANES;
            lanes memory = READ(p->cm, j) * rate, own = READ(p->gself, j) * READ(s, j);
            lanes top = READ(p->constant, j) + memory * READ(v, j) + own + gap_sum(p, t, v);
            lanes bottom = READ(p->conductance, j) + memory + own;
            for (int k = p->start[t]; k < p->start[t + 1]; k++) {
                int o = k * LANES;
                lanes a = gathered(s, p->column + o);
                bottom += READ(p->w, o) * a;
                top += READ(p->w_erev, o) * a;
            }
            AT(p->next, j) = top / bottom;
        }
        memcpy(p->v, p->next, sizeof(float) * LANES * p->slices);
    }
}

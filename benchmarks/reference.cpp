// The bare integration written by hand: the same equations, scheme, steps and 32-bit numbers as benchmarks/bare.py.
//
// What it is for: the limit of this machine. One vector of patients goes through all days before the next begins, so
// state and parameters stay in the first level of cache. As in src/engager, clones have no production term, a loss that
// is constant needs its exponential only when the step changes, and what depends on the concentration alone is carried
// from the end of a step to the start of the next. Beyond that quotients of parameters are taken once, which changes no
// result beyond rounding.
//
// model.h is generated from engager.model: State, Parameters and Exposure as structs of Real in the model's order. A
// state that is new there, or gone, is an error here (built with -Werror=missing-field-initializers).

#include <cstring>
#include <ctime>
#include <vector>

#if defined(__AVX512F__)
constexpr int WIDTH = 16;  // patients in one register
#elif defined(__AVX__)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif

typedef float Real __attribute__((vector_size(4 * WIDTH)));
typedef int I __attribute__((vector_size(4 * WIDTH)));

#include "model.h"

#define INLINE static inline __attribute__((always_inline))

INLINE Real all(float x) { return x - Real{}; }
INLINE Real max(Real a, Real b) { return a > b ? a : b; }
INLINE Real min(Real a, Real b) { return a < b ? a : b; }

// 2^n·(1 + r + …): Cephes' polynomial, relative error about 1e-7.
INLINE Real exp(Real x) {
  const Real shift = all(12582912.0f);  // 1.5·2^23: the sum's last bits are the nearest whole number
  x = min(max(x, all(-87.0f)), all(88.0f));
  Real t = x * 1.44269504f + shift, n = t - shift;
  Real r = x - n * 0.693359375f + n * 2.12194440e-4f;
  Real q = all(1.9875691500e-4f) * r + 1.3981999507e-3f;
  q = q * r + 8.3334519073e-3f;
  q = q * r + 4.1665795894e-2f;
  q = q * r + 1.6666665459e-1f;
  q = q * r + 5.0000001201e-1f;
  q = q * (r * r) + r + 1.0f;
  return (Real)((I)q + ((I)t << 23));
}
INLINE Real exp2(Real x) { return exp(x * 0.693147181f); }

// Natural logarithm of a positive number, Cephes' polynomial.
INLINE Real log(Real x) {
  I bits = (I)x - 0x3f3504f3;  // mantissa in [√½, √2)
  I e = bits >> 23;
  Real f = (Real)((bits & 0x007fffff) + 0x3f3504f3) - 1.0f, n = __builtin_convertvector(e, Real), z = f * f;
  Real q = all(7.0376836292e-2f) * f - 1.1514610310e-1f;
  q = q * f + 1.1676998740e-1f;
  q = q * f - 1.2420140846e-1f;
  q = q * f + 1.4249322787e-1f;
  q = q * f - 1.6668057665e-1f;
  q = q * f + 2.0000714765e-1f;
  q = q * f - 2.4999993993e-1f;
  q = q * f + 3.3333331174e-1f;
  return f + (q * f * z - n * 2.12194440e-4f - 0.5f * z) + n * 0.693359375f;
}
// Logarithm where the power of 0 is to be 0.
INLINE Real log0(Real x) { return x > 0.0f ? log(max(x, all(1e-37f))) : all(-1e30f); }
INLINE Real power(Real log_of_x, Real g) { return exp(g * log_of_x); }

// Quotients of parameters that no step changes.
struct Constants {
  Real elimination, plateau, molar, sink, sinkB, n19, n19B, per_marrow, per_room, per_Kx, per_Bm0, log_KQ, log_KCy,
      log_N0, log_P0, per_ref, kchem, N_drive, P_drive;
};

static Constants constants(const Parameters &p) {
  Real sink = p.kint / (p.PS * p.Kd19) / (p.NA * p.Vm);
  return Constants{
      .elimination = p.CL / p.V, .plateau = 1.0f / p.CL, .molar = p.g_per_ug / p.MW, .sink = p.n19 * sink,
      .sinkB = p.n19B * sink, .n19 = p.n19 / p.N50, .n19B = p.n19B / p.N50, .per_marrow = 1.0f / p.Nmarrow,
      .per_room = 1.0f / p.Kcap, .per_Kx = 1.0f / p.Kx, .per_Bm0 = 1.0f / p.Bm0, .log_KQ = log(p.KQ),
      .log_KCy = log(p.KCy), .log_N0 = log(p.N0), .log_P0 = log(p.P0), 
      .per_ref = p.kNf / p.Cref, .kchem = p.kes * p.ln10, .N_drive = p.kN * p.N0, .P_drive = p.kP * p.P0};
}

// What depends on the concentration and on nothing else that changes.
struct Drug {
  Real C, Cp, blast_blood, b_cell_blood, release;
};

INLINE Real hill(Real log_of_x, Real log_K, Real g) {
  Real z = power(log_of_x - log_K, g);
  return z / (1.0f + z);
}

INLINE Drug drug(Real C, const Parameters &p, const Constants &k) {
  Real Cp = C * k.molar, bound = Cp / (p.Kd19 + Cp);
  return Drug{C, Cp, 1.0f - exp2(-bound * k.n19), 1.0f - exp2(-bound * k.n19B), hill(log0(C), k.log_KCy, p.gC)};
}

struct Rates {
  State production, loss;
};

INLINE Rates rates(const State &y, const Exposure &x, const Drug &c, const Parameters &p, const Constants &k) {
  // synapse.py
  Real seen = y.Ls + y.Lo + y.Lr, L = seen + y.Ln;
  Real Cm = p.Kp * c.Cp / (1.0f + k.sink * seen + k.sinkB * y.Bm), bound = Cm / (p.Kd19 + Cm);
  Real sm = 1.0f - exp2(-bound * k.n19), smB = 1.0f - exp2(-bound * k.n19B);
  // therapies.py
  Real function = (1.0f - x.dexamethasone * (1.0f - p.dex_T)) * x.function;
  Real kchem = k.kchem * x.log_kill * x.A, o22 = x.inotuzumab / (p.EC22 + x.inotuzumab);
  Real kINO = p.Emax22 * o22 * p.f22, pomp = p.kPOMP * x.pomp, tki = p.kTKI * x.tki, dli = p.kDLI * x.donor;
  Real common = kchem + pomp + kINO + dli, sensitive = common + tki;
  Real low = sensitive - (1.0f - p.f22_low) * kINO, resistant = common + p.kTKI_T315I * x.t315i;
  Real sanctuary = p.xchem * kchem + p.x_pomp * pomp + p.x_ino * kINO + p.x_dli * dli + p.x_tki * tki +
                p.kIT * x.intrathecal;
  Real killB = p.Bchem * kchem + p.B_ino * kINO + p.kRTX * x.rituximab;
  // t_cells.py
  Real G = seen + y.Bm + p.one_cell, effective = y.Tm + y.Am;
  Real smw = (seen * sm + y.Bm * smB) / G, engaged = smw * G / (G + p.kap * effective);
  Real kl = p.kmax * (1.0f - y.X) * function * y.Am / (p.h + y.Am + G);
  Real capacity = p.Tcap * (1.0f - p.chi * min(L * k.per_marrow, all(1.0f)));
  Real blasts = y.Lb + seen, B = y.Bb + y.Bm, targets = G + y.Lb + y.Bb + y.Lx;
  Real s_mean = (c.blast_blood * blasts + c.b_cell_blood * B) / (blasts + B + p.one_cell);
  Real effectors = y.Tb + effective + p.wTp * y.Tp;
  Real S = s_mean * function * targets / (targets + p.kapS * effectors), u = max(S - y.D, all(0.0f)), log_u = log0(u);
  Real spread = 1.0f + p.Mmax * power(log_u, p.gM);
  Real to_marrow = p.kbm * spread, to_periphery = p.kbp * spread, chemo = p.kTch * kchem;
  Real activation = p.kact * engaged * function;
  Real expansion = p.p * engaged * function * max(1.0f - effective / capacity, all(0.0f));
  Real recovery = p.krec * x.recovery * (1.0f - min(p.srec * smw, all(1.0f)));
  Real exhaustion = p.kx * x.exhaustion * engaged;
  Real kD = S > y.D ? p.kD : p.krs, kNs = y.Nf > y.Ns ? p.kNs : p.kNr;
  // target_cells.py
  Real growth = p.r * (1.0f - L * k.per_room), kill = kl * sm, none = {};
  Real sanctuary_growth = p.rx * p.r * (1.0f - y.Lx * k.per_Kx);
  // cytokines.py
  Real release = p.q6 * effectors * hill(log(targets), k.log_KQ, p.gK) * power(log_u, p.gQ) *
              (1.0f - x.dexamethasone * (1.0f - p.dex_cytokine)) * x.release * c.release;
  // haematopoiesis.py
  Real room = power(log(max(1.0f - min(L * k.per_marrow, all(1.0f)), p.cr_floor)), p.hb);
  Real Edrug = max(x.chemo_given * p.Ech * x.A / (x.A + p.kA), max(p.E_pomp * x.pomp, p.E_ino * o22));
  Real drive = room * (1.0f - p.ils * min(p.gils * u, all(1.0f))) * (1.0f - Edrug);
  Real back_N = power(k.log_N0 - log(max(y.N, p.N_floor)), p.gN), back_P = power(k.log_P0 - log(max(y.Pl, p.P_floor)), p.gP);
  return Rates{
      .production = {.Ls = none, .Lo = none, .Lr = none, .Ln = none, .Lx = none, .Lb = p.kLb * p.fb * L,
                     .Bm = p.rB * p.Bm0, .Bb = p.kBm * p.Bb0 * y.Bm * k.per_Bm0,
                     .Tb = p.kpb * y.Tp + p.kmb * y.Tm + p.kmbA * y.Am, .Tp = to_periphery * y.Tb + p.kcT * p.Tp0,
                     .Tm = to_marrow * y.Tb + p.kde * y.Am, .Am = activation * y.Tm, .X = exhaustion, .D = kD * S,
                     .W = p.kW * u, .I6 = p.k6 * (p.base6 + release), .Pn = k.N_drive * drive * back_N,
                     .Tn = p.kN * y.Pn, .N = p.kN * y.Tn, .Pp = k.P_drive * drive * back_P, .Tt = p.kP * y.Pp,
                     .Pl = p.kP * y.Tt, .Nf = k.per_ref * c.C, .Ns = kNs * y.Nf, .Rt = none},
      .loss = {.Ls = kill + sensitive - growth, .Lo = kill + low - growth, .Lr = p.xr * kill + resistant - growth,
               .Ln = sensitive - growth, .Lx = p.xk * kill + sanctuary - sanctuary_growth,
               .Lb = p.kLb + p.kb * c.blast_blood * function, .Bm = p.rB + kl * smB + killB,
               .Bb = p.kBm + p.kb * c.b_cell_blood * function, .Tb = to_marrow + to_periphery + chemo,
               .Tp = p.kpb + p.kcT + chemo - p.pW * y.W, .Tm = p.kmb + activation + chemo,
               .Am = p.dA + p.kde + p.kmbA + chemo - expansion, .X = exhaustion + recovery, .D = kD, .W = p.kW,
               .I6 = p.k6, .Pn = p.kN, .Tn = p.kN, .N = p.kN, .Pp = p.kP, .Tt = p.kP, .Pl = p.kP, .Nf = p.kNf,
               .Ns = kNs, .Rt = p.kRt * x.tki + p.Rt_chem * kchem + p.kDLI * x.donor}};
}

// e^(−λh) and h·φ(λh) = (1 − e^(−λh))/λ.
struct Factors {
  Real decay, phi;
};

INLINE Factors factors(Real loss, Real h) {
  Real z = loss * h, decay = exp(-z);
  I small = (z < 1e-2f) & (z > -1e-2f);
  Real series = 1.0f - z * (0.5f - z * (1.0f / 6 - z * (1.0f / 24)));
  return Factors{decay, (small ? h * series : 1.0f - decay) / (small ? all(1.0f) : loss)};
}

// Factors of losses that are constant in time, for one length of step.
struct Fixed {
  Real h, C;
  Factors W, I6, N, P, Nf;
};

INLINE Fixed fixed(Real h, const Parameters &p, const Constants &k) {
  return Fixed{h, exp(-k.elimination * h), factors(p.kW, h), factors(p.k6, h), factors(p.kN, h), factors(p.kP, h),
               factors(p.kNf, h)};
}

INLINE Real relax(Real y, Real P, Factors f) { return y * f.decay + P * f.phi; }
INLINE Real relax(Real y, Real P, Real loss, Real h) { return relax(y, P, factors(loss, h)); }

INLINE State relaxed(const State &y, const State &P, const State &l, const Fixed &f) {
  Real h = f.h;
  return State{.Ls = y.Ls * exp(-l.Ls * h), .Lo = y.Lo * exp(-l.Lo * h), .Lr = y.Lr * exp(-l.Lr * h),
               .Ln = y.Ln * exp(-l.Ln * h), .Lx = y.Lx * exp(-l.Lx * h), .Lb = relax(y.Lb, P.Lb, l.Lb, h),
               .Bm = relax(y.Bm, P.Bm, l.Bm, h), .Bb = relax(y.Bb, P.Bb, l.Bb, h), .Tb = relax(y.Tb, P.Tb, l.Tb, h),
               .Tp = relax(y.Tp, P.Tp, l.Tp, h), .Tm = relax(y.Tm, P.Tm, l.Tm, h), .Am = relax(y.Am, P.Am, l.Am, h),
               .X = relax(y.X, P.X, l.X, h), .D = relax(y.D, P.D, l.D, h), .W = relax(y.W, P.W, f.W),
               .I6 = relax(y.I6, P.I6, f.I6), .Pn = relax(y.Pn, P.Pn, f.N), .Tn = relax(y.Tn, P.Tn, f.N),
               .N = relax(y.N, P.N, f.N), .Pp = relax(y.Pp, P.Pp, f.P), .Tt = relax(y.Tt, P.Tt, f.P),
               .Pl = relax(y.Pl, P.Pl, f.P), .Nf = relax(y.Nf, P.Nf, f.Nf), .Ns = relax(y.Ns, P.Ns, l.Ns, h),
               .Rt = y.Rt * exp(-l.Rt * h)};
}

INLINE State mean(const State &a, const State &b) {
  State m;
  const Real *from = (const Real *)&a, *to = (const Real *)&b;
  Real *out = (Real *)&m;
  for (int i = 0; i < STATES; i++) out[i] = 0.5f * (from[i] + to[i]);
  return m;
}

template <class T> static void load(T &out, const float *from, long patients, long at) {
  for (unsigned i = 0; i < sizeof(T) / sizeof(Real); i++) memcpy((Real *)&out + i, from + i * patients + at, sizeof(Real));
}
template <class T> static void save(const T &values, float *to, long patients, long at) {
  for (unsigned i = 0; i < sizeof(T) / sizeof(Real); i++) memcpy(to + i * patients + at, (const Real *)&values + i, sizeof(Real));
}

extern "C" {

int width() { return WIDTH; }

// Marrow blasts [cells] of each patient on every `every`-th day: out[day / every][patient]. parameters[field][patient],
// start[state][patient], exposure[field] but C, steps[day][most], count[day], rate[day]; patients are whole vectors.
void integrate(long patients, const float *parameters, const float *start, const float *exposure, int days, int most,
               const float *steps, const int *count, const float *rate, int every, float *out) {
  Exposure x;
  for (int i = 0; i < EXPOSURES; i++) ((Real *)&x)[i] = all(exposure[i]);
  for (long at = 0; at < patients; at += WIDTH) {
    Parameters p;
    State y;
    load(p, parameters, patients, at);
    load(y, start, patients, at);
    Constants k = constants(p);
    Drug before = drug(Real{}, p, k);
    float last = -1;
    Fixed f{};
    for (int day = 0; day < days; day++) {
      Real plateau = rate[day] * k.plateau;
      for (int i = 0; i < count[day]; i++) {
        float h = steps[day * most + i];
        if (h != last) f = fixed(all(h), p, k), last = h;
        Drug after = drug(plateau + (before.C - plateau) * f.C, p, k);
        Rates r0 = rates(y, x, before, p, k);
        State first = relaxed(y, r0.production, r0.loss, f);
        Rates r1 = rates(first, x, after, p, k);
        y = relaxed(y, mean(r0.production, r1.production), mean(r0.loss, r1.loss), f);
        before = after;
      }
      if (day % every == 0) {
        Real L = y.Ls + y.Lo + y.Lr + y.Ln;
        memcpy(out + (day / every) * patients + at, &L, sizeof L);
      }
    }
  }
}

// Production and loss at given states and exposures [field][patient], to be compared with engager.model.rates.
void right_hand_side(long patients, const float *parameters, const float *state, const float *exposure,
                     float *production, float *loss) {
  for (long at = 0; at < patients; at += WIDTH) {
    Parameters p;
    State y;
    Exposure x;
    load(p, parameters, patients, at);
    load(y, state, patients, at);
    load(x, exposure, patients, at);
    Constants k = constants(p);
    Rates r = rates(y, x, drug(x.C, p, k), p, k);
    save(r.production, production, patients, at);
    save(r.loss, loss, patients, at);
  }
}

// Seconds of the processor so far.
static double now() { return double(clock()) / CLOCKS_PER_SEC; }

// Seconds for `loops` rounds of independent multiply-adds; two operations a lane each, AHEAD vectors a round.
double multiply_adds(long loops, int *operations_a_round) {
  constexpr int AHEAD = 12;
  Real a[AHEAD], b = all(0.999f), c = all(1e-3f);
#pragma GCC unroll 12
  for (int i = 0; i < AHEAD; i++) a[i] = all(1.0f + i);
  double begun = now();
  for (long n = 0; n < loops; n++)
#pragma GCC unroll 12
    for (int i = 0; i < AHEAD; i++) {
      a[i] = a[i] * b + c;
      asm volatile("" : "+v"(a[i]));
    }
  double took = now() - begun;
  *operations_a_round = AHEAD * WIDTH * 2;
  return took;
}

// Seconds for `times` triads a = b + s·c over arrays of `n` numbers of 8 bytes: 24 bytes each that the program names.
double triad(long n, int times) {
  std::vector<double> a(n, 0.0), b(n, 1.0), c(n, 2.0);
  double begun = now();
  for (int t = 0; t < times; t++) {
    for (long i = 0; i < n; i++) a[i] = b[i] + 3.0 * c[i];
    asm volatile("" : : "r"(a.data()) : "memory");
  }
  double took = now() - begun;
  return took;
}
}

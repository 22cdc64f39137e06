def programmes(results, half, devices):
    rows=[]
    for (h,name,dev),r in results.items():
        if h==half and dev in devices:
            rows.append(f"{name:18s} {dev:10s} I {r['integrated']:+.2f} TP {r['true_peak']:+.2f} "+" ".join(f"{e:+.1f}" for e in r['errors'])+" P "+" ".join(f"{e:+.1f}" for e in r['pauses'])+" F "+" ".join(f"{e:+.1f}" for e in r['fades'])+f" same {r['untouched']*100:.0f}")
    return "\n".join(sorted(rows))
def summary(results, half, devices):
    import numpy as np
    out=[]
    for d in devices:
        rs=[r for (h,n,x),r in results.items() if h==half and x==d]
        E=np.abs(np.concatenate([r['errors'] for r in rs])); out.append(f"{d} mean {E.mean():.3f} worst {E.max():.2f} I worst {max(abs(r['integrated']) for r in rs):.2f} TP {max(r['true_peak'] for r in rs):.3f}")
    return "\n".join(out)

import { fuzz } from './test/fuzz/fuzz.ts';
const w = process.stdout.write.bind(process.stdout); process.stdout.write = () => true;
const t = Date.now();
try { const r = await fuzz(Number(process.argv[2]), Number(process.argv[3])); process.stdout.write = w; console.log(r, Date.now()-t); } catch (e) { process.stdout.write = w; console.log(String(e).slice(0, 3000), Date.now()-t); }
